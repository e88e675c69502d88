/** Where an order can stand, and who moves it where: orders/domain/lifecycle.py, which a test compares. */

export type Status =
  | "PLACED" | "CONFIRMED" | "PREPARING" | "READY" | "PICKED_UP" | "DELIVERED"
  | "REJECTED" | "CANCELLED" | "FAILED";

/** What restaurants and operators may do. */
export const STAFF_MOVES: Readonly<Record<Status, readonly Status[]>> = {
  PLACED: ["CONFIRMED", "REJECTED", "CANCELLED"],
  CONFIRMED: ["PREPARING", "CANCELLED"],
  PREPARING: ["READY", "CANCELLED"],
  READY: ["PICKED_UP"],
  PICKED_UP: ["DELIVERED", "FAILED"],
  DELIVERED: [],
  REJECTED: [],
  CANCELLED: [],
  FAILED: [],
};

/** From where a customer may cancel. */
export const CANCELLABLE: readonly Status[] = ["PLACED", "CONFIRMED"];

/** The good way, in its order. */
export const COURSE: readonly Status[] = ["PLACED", "CONFIRMED", "PREPARING", "READY", "PICKED_UP", "DELIVERED"];

/** The moves that take a reason. */
export const REASONED: readonly Status[] = ["REJECTED", "CANCELLED", "FAILED"];

/** Tells whether nothing comes after. */
export function isFinal(status: Status): boolean {
  return STAFF_MOVES[status].length === 0;
}
