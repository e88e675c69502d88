/** The menu, and quotes: what its owner signs, so that the prices of an order hold. */

import { NoAnswer, Refused } from "./api.ts";
import { config } from "./config.ts";
import { token } from "./session.ts";
import type { Address, LineItem, Option } from "./types.ts";

export interface Dish {
  itemId: string;
  name: string;
  description?: string;
  unitPrice: number;
  options?: Option[];
}

export interface Restaurant {
  restaurantId: string;
  name?: string;
  currency: string;
  dishes: Dish[];
}

/** A price that holds for some minutes. */
export interface Quote {
  /** Signed; the order is sent with it, and with what it is about. */
  quote: string;
  currency: string;
  items: LineItem[];
  subtotal: number;
  deliveryFee: number;
  expiresAt: string;
}

const TIMEOUT_MS = 15_000;

/** Reads what can be ordered. */
export async function readMenu(): Promise<Restaurant[]> {
  return (await call<{ restaurants: Restaurant[] }>("/menu")).restaurants;
}

/** Has the price of a basket signed, for whoever is signed in. */
export async function askQuote(wanted: {
  restaurantId: string;
  items: LineItem[];
  deliveryAddress: Pick<Address, "country" | "postalCode">;
}): Promise<Quote> {
  const headers = { "Content-Type": "application/json", Authorization: (await token()) ?? "" };
  return call<Quote>("/quotes", { method: "POST", headers, body: JSON.stringify(wanted) });
}

async function call<T>(path: string, request: RequestInit = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(`${config().menuUrl}${path}`, { ...request, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new NoAnswer("The menu does not answer.");
  }
  if (answer.status >= 500) throw new NoAnswer("The menu does not answer.");
  const body = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, "quote", body.detail ?? "The menu refuses this.", []);
  return body as T;
}
