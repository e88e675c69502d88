/** What several pages share. */

import type { ComponentChildren, InputHTMLAttributes, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Refused, SignedOut } from "../api.ts";
import type { Status } from "../lifecycle.ts";
import type { LineItem } from "../types.ts";
import { type Look, type Seen, watch, type Watch } from "../watching.ts";
import { field, money, STATUS, time } from "../words.ts";

/**
 * A page's heading. It takes the focus, so that who hears the page knows where they are.
 *
 * It does so before anything can be typed: a moment later it would take the focus from a field.
 */
export function Heading({ children }: { children: ComponentChildren }): JSX.Element {
  const own = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    own.current?.focus();
    document.title = `${own.current?.textContent ?? ""} · Food orders`;
  }, []);
  return <h1 ref={own} tabIndex={-1}>{children}</h1>;
}

/** What went wrong, said at once to who cannot see it. */
export function Trouble({ error }: { error: unknown }): JSX.Element | null {
  if (!error) return null;
  const text = error instanceof Error ? error.message : String(error);
  const faults = error instanceof Refused ? error.faults : [];
  return (
    <div role="alert" class="trouble">
      {faults.length > 0
        ? <ul>{faults.map((fault) => <li key={fault.pointer}>{field(fault.pointer)}: {fault.detail}</li>)}</ul>
        : <p>{text}</p>}
    </div>
  );
}

type FieldProps = InputHTMLAttributes<HTMLInputElement> & {
  label: string;
  hint?: string;
  /** Hears each change. */
  onText?: (text: string) => void;
};

/** A field with its name above. */
export function Field({ label, hint, onText, ...input }: FieldProps): JSX.Element {
  return (
    <label class="field">
      <span>{label}{hint && <small> {hint}</small>}</span>
      <input {...input} onInput={(event) => onText?.(event.currentTarget.value)} />
    </label>
  );
}

/** Where an order stands, by word and by colour. */
export function Badge({ status }: { status: Status }): JSX.Element {
  return <span class="badge" data-status={status}>{STATUS[status]}</span>;
}

/** What was ordered. */
export function Lines({ lines, currency }: { lines: readonly LineItem[]; currency: string }): JSX.Element {
  return (
    <ul class="lines">
      {lines.map((line, index) => (
        <li key={index}>
          <span class="count">{line.quantity} ×</span>
          <span>
            {line.name}
            {line.options?.map((option) => <small key={option.name}> + {option.name}</small>)}
            {line.note && <small class="note">{line.note}</small>}
          </span>
          <span class="price">{money(line.quantity * priceOf(line), currency)}</span>
        </li>
      ))}
    </ul>
  );
}

/** Gives what one unit of a line costs, its options with it. */
export function priceOf(line: LineItem): number {
  return line.unitPrice + (line.options ?? []).reduce((sum, option) => sum + option.price, 0);
}

/** The amounts of an order. */
export function Sums(props: { subtotal: number; fee: number; tip: number; currency: string }): JSX.Element {
  const { subtotal, fee, tip, currency } = props;
  return (
    <dl class="sums">
      <div><dt>Items</dt><dd>{money(subtotal, currency)}</dd></div>
      <div><dt>Delivery</dt><dd>{money(fee, currency)}</dd></div>
      {tip > 0 && <div><dt>Tip</dt><dd>{money(tip, currency)}</dd></div>}
      <div class="total"><dt>Total</dt><dd>{money(subtotal + fee + tip, currency)}</dd></div>
    </dl>
  );
}

/** Says whether what is shown is the latest. */
export function Freshness({ seen }: { seen: Seen<unknown> }): JSX.Element {
  const when = seen.at ? `as of ${time(new Date(seen.at).toISOString())}` : "";
  return (
    <p class="fresh" role="status">
      {seen.away ? `No connection; ${when ? `shown ${when}` : "nothing to show yet"}. Trying again.` : ""}
    </p>
  );
}

/** Asks before something is done that cannot be taken back. */
export function Confirm(props: {
  question: string;
  yes: string;
  busy: boolean;
  onYes: () => void;
  onNo: () => void;
  children?: ComponentChildren;
}): JSX.Element {
  const own = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => own.current?.showModal(), []);
  return (
    <dialog ref={own} aria-labelledby="question" onCancel={props.onNo}>
      <h2 id="question">{props.question}</h2>
      {props.children}
      <div class="buttons">
        <button type="button" onClick={props.onNo} disabled={props.busy}>Back</button>
        <button type="button" class="danger" onClick={props.onYes} disabled={props.busy}>{props.yes}</button>
      </div>
    </dialog>
  );
}

/** Watches something of the API for as long as it is shown; another `path` is another thing. */
export function useWatched<T>(
  path: string,
  look: (path: string) => Look<T>,
  pause: (value: T | undefined, hidden: boolean) => number | null,
  onSignedOut: () => void,
): { seen: Seen<T>; error: unknown; again: () => void } {
  const [seen, setSeen] = useState<Seen<T>>({ value: undefined, etag: null, at: 0, away: false });
  const [error, setError] = useState<unknown>(null);
  const own = useRef<Watch | null>(null);
  useEffect(() => {
    setSeen({ value: undefined, etag: null, at: 0, away: false });
    setError(null);
    const failed = (why: unknown): void => (why instanceof SignedOut ? onSignedOut() : setError(why));
    own.current = watch<T>(look(path), pause, setSeen, failed);
    return () => own.current?.stop();
  }, [path]);
  return { seen, error, again: () => own.current?.again() };
}

/** Does one thing at a time: what a button does, whether it is under way, and why it failed. */
export function useDoing(): [boolean, unknown, (work: () => Promise<void>) => void] {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const under = useRef(false);
  function start(work: () => Promise<void>): void {
    if (under.current) return;
    under.current = true;
    setBusy(true);
    setError(null);
    work()
      .catch(setError)
      .finally(() => {
        under.current = false;
        setBusy(false);
      });
  }
  return [busy, error, start];
}
