/** How often something is looked at. */

import { isFinal, type Status } from "./lifecycle.ts";

/** Seconds between two looks, which ops/costs/traffic.py counts. */
export const EVERY = { placed: 10, underWay: 20, list: 20, hidden: 120, hiddenList: 60 } as const;

const LONGEST_PAUSE = 60;

/** Gives the seconds until an order is looked at again; null for never. */
export function pauseOfOrder(order: { status: Status } | undefined, hidden: boolean): number | null {
  if (order && isFinal(order.status)) return null;
  if (hidden) return EVERY.hidden;
  return order && order.status !== "PLACED" ? EVERY.underWay : EVERY.placed;
}

/** Gives the seconds until a list is looked at again. */
export function pauseOfList(hidden: boolean): number {
  return hidden ? EVERY.hiddenList : EVERY.list;
}

/** Gives the seconds until the next try after some without an answer. */
export function pauseAfter(failures: number, usual: number): number {
  return failures === 0 ? usual : Math.max(Math.min(2 ** failures, LONGEST_PAUSE), Math.min(usual, 2));
}
