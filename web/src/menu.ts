/** The menu, and quotes: what its owner signs, so that the prices of an order hold. */

import { NoAnswer, Refused } from "./api.ts";
import { tidy } from "./basket.ts";
import { config } from "./config.ts";
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
  name: string;
  currency: string;
  deliveryFee: number;
  items: Dish[];
}

/** A price that holds for some minutes. */
export interface Quote {
  quote: string;
  subtotal: number;
  deliveryFee: number;
  /** When it ends, in seconds since 1970. */
  exp: number;
}

const TIMEOUT_MS = 15_000;

/** Reads what can be ordered. */
export async function readMenu(): Promise<Restaurant[]> {
  return (await call<{ restaurants: Restaurant[] }>("/menu")).restaurants;
}

/** Has the price of a basket signed. */
export async function askQuote(wanted: {
  customerId: string;
  restaurantId: string;
  currency: string;
  items: LineItem[];
  deliveryAddress: Address;
}): Promise<Quote> {
  const body = JSON.stringify({ ...wanted, deliveryAddress: tidy(wanted.deliveryAddress) });
  const headers = { "Content-Type": "application/json" };
  return call<Quote>("/quotes", { method: "POST", headers, body });
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
