/** Changing an order, once. */

import { askUntilAnswered, newKey } from "./api.ts";
import type { Change, Order } from "./types.ts";

/** Why an order ends badly. */
export type Reason = NonNullable<Change["reason"]>;

/**
 * Changes an order as it is known here; whether or not an answer gets lost, it is done once.
 *
 * @param path - its own, below the routes of whoever changes it.
 */
export async function change(order: Order, wanted: Change, path = `/orders/${order.orderId}`): Promise<void> {
  await askUntilAnswered(path, { method: "PATCH", body: wanted, key: newKey(), ifMatch: `"${order.version}"` });
}
