/** Signing in, a first account, a forgotten password: one form at a time, and whatever Cognito asks for next. */

import type { InputHTMLAttributes, JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { config } from "../config.ts";
import * as session from "../session.ts";
import { Field, Heading, Trouble, useDoing } from "./parts.tsx";

type Form = "sign-in" | "account" | "account-code" | "forgotten" | "forgotten-code" | "app-code" | "new-password";
type Name = "email" | "password" | "fresh" | "code" | "app";

const RULE = "12 characters or more, of all kinds";

const FIELDS: Readonly<Record<Name, { label: string; hint?: string } & InputHTMLAttributes<HTMLInputElement>>> = {
  email: { label: "E-mail address", type: "email", autocomplete: "username" },
  password: { label: "Password", type: "password", autocomplete: "current-password" },
  fresh: { label: "New password", hint: RULE, type: "password", autocomplete: "new-password", minLength: 12 },
  code: { label: "Code of our mail", inputMode: "numeric", autocomplete: "one-time-code" },
  app: { label: "Code of your authenticator app", inputMode: "numeric", autocomplete: "one-time-code" },
};

const FORMS: Readonly<Record<Form, { title: string; fields: readonly Name[]; button: string }>> = {
  "sign-in": { title: "Sign in", fields: ["email", "password"], button: "Sign in" },
  account: { title: "Create an account", fields: ["email", "fresh"], button: "Create it" },
  "account-code": { title: "Confirm your address", fields: ["code"], button: "Confirm" },
  forgotten: { title: "Forgotten password", fields: ["email"], button: "Send a code" },
  "forgotten-code": { title: "Set a new password", fields: ["code", "fresh"], button: "Set it" },
  "app-code": { title: "Second factor", fields: ["app"], button: "Sign in" },
  "new-password": { title: "Set a new password", fields: ["fresh"], button: "Set it" },
};

type Given = Record<Name, string>;

export function SignIn({ onDone }: { onDone: () => void }): JSX.Element {
  const [form, setForm] = useState<Form>("sign-in");
  const [busy, error, start] = useDoing();
  const person = useRef({ email: "", password: "" });

  function follow(next: session.Step): void {
    if (next === null) onDone();
    else setForm(next);
  }
  function enter(email: string, password: string): void {
    person.current = { email, password };
    start(async () => follow(await session.enter(email, password)));
  }
  async function go(given: Given): Promise<void> {
    const { email, password } = person.current;
    switch (form) {
      case "sign-in":
        return follow(await session.enter(email, password));
      case "account":
        await session.register(email, password);
        return setForm("account-code");
      case "account-code":
        await session.confirm(email, given.code);
        return follow(await session.enter(email, password));
      case "forgotten":
        await session.forgotten(email);
        return setForm("forgotten-code");
      case "forgotten-code":
        await session.reset(email, given.code, given.fresh);
        return follow(await session.enter(email, given.fresh));
      default:
        return follow(await session.goOn(given.app || given.fresh));
    }
  }
  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const given = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, String(data.get(name) ?? "")])) as Given;
    if (given.email) person.current = { email: given.email.trim(), password: given.password || given.fresh };
    start(() => go({ ...given, code: given.code.trim(), app: given.app.trim() }));
  }
  const { title, fields, button } = FORMS[form];
  return (
    <section class="narrow" key={form}>
      <Heading>{title}</Heading>
      <Trouble error={error} />
      <form onSubmit={submit}>
        {fields.map((name) => <Field key={name} name={name} required {...FIELDS[name]} />)}
        <button class="main" disabled={busy}>{busy ? "One moment…" : button}</button>
      </form>
      <div class="buttons">
        {form === "sign-in" ? (
          <>
            <button type="button" class="plain" onClick={() => setForm("account")}>Create an account</button>
            <button type="button" class="plain" onClick={() => setForm("forgotten")}>Forgotten your password?</button>
          </>
        ) : <button type="button" class="plain" onClick={() => setForm("sign-in")}>Back to sign-in</button>}
      </div>
      {form === "sign-in" && <DemoPeople busy={busy} onChoose={enter} />}
    </section>
  );
}

/** Who can sign in with a click, on a developer's machine. */
function DemoPeople(props: { busy: boolean; onChoose: (email: string, password: string) => void }): JSX.Element | null {
  const people = config().people;
  if (people.length === 0) return null;
  return (
    <section aria-labelledby="demo" class="demo">
      <h2 id="demo">On this machine</h2>
      <div class="buttons">
        {people.map((person) => (
          <button key={person.email} type="button" disabled={props.busy} onClick={() => props.onChoose(person.email, person.password)}>
            {person.name}
          </button>
        ))}
      </div>
    </section>
  );
}
