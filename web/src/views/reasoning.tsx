/** Asks why an order ends badly. */

import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Reason } from "../changing.ts";
import type { Status } from "../lifecycle.ts";
import { MOVE, REASON } from "../words.ts";

export function Reasoning(props: { status: Status; busy: boolean; onYes: (reason: Reason) => void; onNo: () => void }): JSX.Element {
  const own = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => own.current?.showModal(), []);
  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const text = String(given.get("text") ?? "").trim();
    props.onYes({ code: String(given.get("code")), ...(text ? { text } : {}) });
  }
  return (
    <dialog ref={own} aria-labelledby="why" onCancel={props.onNo}>
      <h2 id="why">{MOVE[props.status]}: why?</h2>
      <form onSubmit={submit}>
        <label class="field">
          <span>Reason</span>
          <select name="code" required>
            {Object.entries(REASON).filter(([code]) => code !== "no-answer").map(([code, said]) => <option key={code} value={code}>{said}</option>)}
          </select>
        </label>
        <label class="field"><span>In your words <small>optional</small></span><textarea name="text" rows={2} maxLength={200} /></label>
        <div class="buttons">
          <button type="button" onClick={props.onNo} disabled={props.busy}>Back</button>
          <button class="danger" disabled={props.busy}>{MOVE[props.status]} it</button>
        </div>
      </form>
    </dialog>
  );
}
