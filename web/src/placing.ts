/**
 * Placing an order exactly once, whatever clicks, reloads and the network do.
 *
 *     begin ─► the order and its key are kept ─► send ─┬─ 201 ──────────► forget, done
 *                          ▲                           ├─ refused ──────► forget, say why
 *                          └── reload, try again ◄─────┴─ no answer
 *
 * The key is kept before the request leaves and until an answer is known. While there is one, every
 * click and every reload sends the same order with the same key, which the API places once.
 */

import type { NewOrder } from "./types.ts";

/** An order that is on its way. */
export interface Placing {
  key: string;
  order: NewOrder;
  /** When it was begun, in milliseconds since 1970. */
  at: number;
}

/** How long the API certainly knows a key: `idempotency_hours` is a day unless a stage says otherwise. */
export const KNOWN_MS = 23 * 3_600_000;

/** What the browser keeps for a site, as far as we need it. */
export interface Kept {
  getItem(name: string): string | null;
  setItem(name: string, text: string): void;
  removeItem(name: string): void;
}

const nameOf = (person: string): string => `placing:${person}`;

/**
 * Keeps an order to be sent. Where one is on its way that one stays: a second click adds none.
 *
 * @param makeKey - gives an Idempotency-Key that nobody has used.
 */
export function begin(kept: Kept, person: string, order: NewOrder, now: number, makeKey: () => string): Placing {
  const before = pending(kept, person, now);
  if (before) return before;
  const placing = { key: makeKey(), order, at: now };
  kept.setItem(nameOf(person), JSON.stringify(placing));
  return placing;
}

/** Gives the order of this person that no answer is known of. */
export function pending(kept: Kept, person: string, now: number): Placing | undefined {
  const placing = read(kept.getItem(nameOf(person)));
  if (placing && now - placing.at < KNOWN_MS) return placing;
  // Older ones the API may have forgotten: sent again it could be a second order.
  kept.removeItem(nameOf(person));
  return undefined;
}

/** Forgets an order whose answer is known. Another that was begun meanwhile stays. */
export function settle(kept: Kept, person: string, key: string): void {
  if (read(kept.getItem(nameOf(person)))?.key === key) kept.removeItem(nameOf(person));
}

function read(text: string | null): Placing | undefined {
  try {
    const found = JSON.parse(text ?? "null") as Placing | null;
    return found?.key && found.order ? found : undefined;
  } catch {
    return undefined;
  }
}
