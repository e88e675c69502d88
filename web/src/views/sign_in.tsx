/** Signing in: e-mail and password, and whatever Cognito asks for next. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { config } from "../config.ts";
import * as session from "../session.ts";
import { Field, Heading, Trouble, useDoing } from "./parts.tsx";

const NEXT = {
  code: { label: "Code of your authenticator app", type: "text", autocomplete: "one-time-code" },
  "new-password": { label: "A new password", type: "password", autocomplete: "new-password" },
} as const;

export function SignIn({ onDone }: { onDone: () => void }): JSX.Element {
  const [step, setStep] = useState<session.Step>(null);
  const [busy, error, start] = useDoing();

  function follow(next: session.Step): void {
    if (next === null) onDone();
    else setStep(next);
  }
  function enter(email: string, password: string): void {
    start(async () => follow(await session.enter(email, password)));
  }
  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string): string => String(given.get(name) ?? "");
    if (step === null) enter(text("email").trim(), text("password"));
    else start(async () => follow(await session.goOn(text("answer").trim())));
  }
  const people = config().people;
  return (
    <section class="narrow">
      <Heading>Sign in</Heading>
      <Trouble error={error} />
      <form onSubmit={submit}>
        {step === null ? (
          <>
            <Field label="E-mail address" name="email" type="email" autocomplete="username" required />
            <Field label="Password" name="password" type="password" autocomplete="current-password" required />
          </>
        ) : (
          <Field name="answer" required {...NEXT[step]} />
        )}
        <button class="main" disabled={busy}>{busy ? "Signing in…" : "Sign in"}</button>
      </form>
      {people.length > 0 && step === null && (
        <section aria-labelledby="demo" class="demo">
          <h2 id="demo">On this machine</h2>
          <div class="buttons">
            {people.map((person) => (
              <button key={person.email} type="button" disabled={busy} onClick={() => enter(person.email, person.password)}>
                {person.name}
              </button>
            ))}
          </div>
        </section>
      )}
    </section>
  );
}
