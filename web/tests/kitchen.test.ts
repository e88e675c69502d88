import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer } from "../src/api.ts";
import { lookAtOpenOrders } from "../src/kitchen.ts";
import type { Status } from "../src/lifecycle.ts";
import type { Order } from "../src/types.ts";

const PAGE = 25;
const OPEN = new Set(["PLACED", "CONFIRMED", "PREPARING", "READY", "PICKED_UP"]);

/** A restaurant's orders behind an API that looks at 25 a page, as ours does. */
class Restaurant {
  readonly orders: Order[] = [];
  asked: string[] = [];

  place(number: number, status: Status = "PLACED"): void {
    for (let n = 0; n < number; n += 1) {
      this.orders.unshift({ orderId: `order-${this.orders.length}`, status } as Order);
    }
  }

  move(orderId: string, status: Status): void {
    Object.assign(this.orders.find((order) => order.orderId === orderId) as Order, { status });
  }

  ask = async <T>(path: string): Promise<Answer<T>> => {
    this.asked.push(path);
    const [base = "", query] = path.split("?");
    if (query === undefined) {
      return { status: 200, body: this.orders.find((order) => base.endsWith(`/${order.orderId}`)) as T, etag: null };
    }
    const from = Number(new URLSearchParams(query).get("cursor") ?? 0);
    const looked = this.orders.slice(from, from + PAGE);
    const cursor = from + PAGE < this.orders.length ? String(from + PAGE) : null;
    return { status: 200, body: { orders: looked.filter((order) => OPEN.has(order.status)), cursor } as T, etag: null };
  };
}

async function numbers(look: () => Promise<Answer<Order[]>>): Promise<string[]> {
  return ((await look()).body ?? []).map((order) => order.orderId).sort();
}

test("an open order is seen however many came after it, and until it is over", async () => {
  const restaurant = new Restaurant();
  let now = 1e12;
  const look = lookAtOpenOrders("/restaurants/r/orders", restaurant.ask, () => now);
  restaurant.place(1);
  restaurant.place(80, "DELIVERED");
  assert.deepEqual(await numbers(look), ["order-0"]);
  now += 20_000;
  restaurant.asked = [];
  assert.deepEqual(await numbers(look), ["order-0"]);
  assert.equal(restaurant.asked.length, 2); // the newest page, and that one
  restaurant.move("order-0", "CANCELLED");
  now += 20_000;
  assert.deepEqual(await numbers(look), []);
});

test("after a gap everything is read again: more may have come than a page holds", async () => {
  const restaurant = new Restaurant();
  let now = 1e12;
  const look = lookAtOpenOrders("/restaurants/r/orders", restaurant.ask, () => now);
  assert.deepEqual(await numbers(look), []);
  restaurant.place(1);
  restaurant.place(30, "REJECTED");
  now += 600_000;
  assert.deepEqual(await numbers(look), ["order-0"]);
});

test("a quiet restaurant is one request a look", async () => {
  const restaurant = new Restaurant();
  restaurant.place(3);
  const look = lookAtOpenOrders("/restaurants/r/orders", restaurant.ask, () => 1e12);
  await look();
  await look();
  assert.equal(restaurant.asked.length, 2);
});
