/** What a customer is about to order. It stays over a reload, and goes with the tab. */

import type { Quote } from "./menu.ts";
import type { Address, LineItem, NewOrder, Option } from "./types.ts";

export interface Basket {
  restaurantId: string;
  restaurantName: string;
  currency: string;
  lines: LineItem[];
}

/** Where an order goes, as the form has it. */
export interface Delivery {
  address: Address;
  phone: string;
  note: string;
  tip: number;
}

const BASKET = "basket";
const DELIVERY = "delivery";
const MOST_LINES = 50;
const MOST_OF_ONE = 99;

export const NO_DELIVERY: Delivery = {
  address: { line1: "", city: "", postalCode: "", country: "US" },
  phone: "",
  note: "",
  tip: 0,
};

/** Gives what was kept under a name. */
function kept<T>(name: string, otherwise: T): T {
  try {
    return (JSON.parse(sessionStorage.getItem(name) ?? "null") as T | null) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export const readBasket = (): Basket | null => kept<Basket | null>(BASKET, null);
export const readDelivery = (): Delivery => kept(DELIVERY, NO_DELIVERY);
export const keepBasket = (basket: Basket | null): void => sessionStorage.setItem(BASKET, JSON.stringify(basket));
export const keepDelivery = (delivery: Delivery): void => sessionStorage.setItem(DELIVERY, JSON.stringify(delivery));

/** Adds one of a dish; the same dish with the same options is one line. */
export function added(lines: readonly LineItem[], item: Omit<LineItem, "quantity">): LineItem[] {
  const same = lines.findIndex((line) => line.itemId === item.itemId && sameOptions(line.options, item.options));
  if (same < 0) return lines.length < MOST_LINES ? [...lines, { ...item, quantity: 1 }] : [...lines];
  return withQuantity(lines, same, (lines[same]?.quantity ?? 0) + 1);
}

/** Changes how many a line has; with none it goes. */
export function withQuantity(lines: readonly LineItem[], index: number, quantity: number): LineItem[] {
  const some = Math.min(quantity, MOST_OF_ONE);
  return lines.flatMap((line, at) => (at !== index ? [line] : some > 0 ? [{ ...line, quantity: some }] : []));
}

/** Sums the lines as the service does: an option's price counts once for each unit. */
export function subtotal(lines: readonly LineItem[]): number {
  return lines.reduce((sum, line) => sum + line.quantity * (line.unitPrice + sumOf(line.options)), 0);
}

/** Counts the dishes. */
export function pieces(basket: Basket | null): number {
  return basket?.lines.reduce((sum, line) => sum + line.quantity, 0) ?? 0;
}

/** Gives an address without what is left empty. */
export function tidy(address: Address): Address {
  const filled = Object.entries(address).map(([name, text]) => [name, String(text).trim()]);
  return Object.fromEntries(filled.filter(([, text]) => text)) as unknown as Address;
}

/** Makes the order that is sent: what the quote is about, and where it goes. */
export function orderOf(restaurantId: string, priced: Quote, delivery: Delivery): NewOrder {
  const { quote, currency, items, deliveryFee } = priced;
  return {
    restaurantId,
    quote,
    currency,
    items,
    deliveryFee,
    tip: delivery.tip,
    deliveryAddress: tidy(delivery.address),
    contactPhone: delivery.phone.replace(/[\s()-]/g, ""),
    ...(delivery.note.trim() ? { note: delivery.note } : {}),
  };
}

function sameOptions(these: readonly Option[] = [], those: readonly Option[] = []): boolean {
  const names = (options: readonly Option[]): string => JSON.stringify(options.map((option) => option.name).sort());
  return names(these) === names(those);
}

function sumOf(options: readonly Option[] = []): number {
  return options.reduce((sum, option) => sum + option.price, 0);
}
