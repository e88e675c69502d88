/** What people read for what machines say. */

import type { Status } from "./lifecycle.ts";

export const STATUS: Readonly<Record<Status, string>> = {
  PLACED: "Waiting for the restaurant",
  CONFIRMED: "Accepted",
  PREPARING: "In the kitchen",
  READY: "Ready",
  PICKED_UP: "On its way",
  DELIVERED: "Delivered",
  REJECTED: "Rejected",
  CANCELLED: "Cancelled",
  FAILED: "Could not be delivered",
};

/** What a button says that moves an order there. */
export const MOVE: Readonly<Record<Status, string>> = {
  PLACED: "Place",
  CONFIRMED: "Accept",
  PREPARING: "Start cooking",
  READY: "Ready",
  PICKED_UP: "Picked up",
  DELIVERED: "Delivered",
  REJECTED: "Reject",
  CANCELLED: "Cancel",
  FAILED: "Could not deliver",
};

/** The reasons that staff may give, as orders/domain/reasons.py has them. */
export const REASON: Readonly<Record<string, string>> = {
  "item-unavailable": "An item is not available",
  "outdated-menu": "The menu is out of date",
  "too-busy": "Too busy",
  closed: "Closed",
  "outside-area": "Outside the delivery area",
  "unsafe-area": "An unsafe area",
  "no-courier": "No courier",
  duplicate: "Ordered twice",
  "customer-blocked": "The customer is blocked",
  "special-request": "A special request",
  technical: "A technical problem",
  "delivery-problem": "A problem with the delivery",
  "customer-request": "The customer asked for it",
  "no-answer": "The restaurant did not answer in time",
  other: "Another reason",
};

const WHO: Readonly<Record<string, string>> = {
  customer: "the customer",
  partner: "a partner",
  restaurant: "the restaurant",
  operator: "an operator",
  service: "the service",
};

/** Says who made a change. */
export function who(role: string): string {
  return WHO[role] ?? role;
}

/** Says why an order ended. */
export function reason(code: string, text?: string): string {
  const said = REASON[code] ?? code;
  return text ? `${said}: ${text}` : said;
}

const FIELD: Readonly<Record<string, string>> = {
  contactPhone: "Phone",
  "deliveryAddress/line1": "Street and number",
  "deliveryAddress/line2": "Apartment, floor",
  "deliveryAddress/city": "City",
  "deliveryAddress/postalCode": "Postal code",
  "deliveryAddress/country": "Country",
  note: "Note",
  tip: "Tip",
  quote: "Price",
  readyAt: "Ready at",
  reason: "Reason",
};

/** Names a field as the page does, from what the API calls it: `#/contactPhone`. */
export function field(pointer: string): string {
  const name = pointer.replace(/^#\//, "");
  return FIELD[name] ?? name;
}

/** Says an amount of minor units with its currency. */
export function money(amount: number, currency: string): string {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

/** Says a time of today, or a day with its time. */
export function time(iso: string): string {
  const at = new Date(iso);
  const today = at.toDateString() === new Date().toDateString();
  return at.toLocaleString(undefined, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
}

/** Says how long something still lasts, as minutes and seconds. */
export function remaining(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Says a number of things. */
export function counted(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

const NO_COUNTRIES = new Set(["EU", "EZ", "UN", "UK", "QO", "XA", "XB", "ZZ", "SU", "AN", "DD", "YU", "CS", "TP", "ZR", "BU", "FX", "NT", "YD", "VD", "RH", "NH", "HV", "DY", "CP", "DG", "EA", "IC", "AC", "TA", "CQ", "XK"]);

/** Gives the countries by code, in the order of their names. */
export function countries(): [string, string][] {
  const names = new Intl.DisplayNames(undefined, { type: "region" });
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const codes = letters.flatMap((first) => letters.map((second) => first + second));
  const known = codes.map((code): [string, string] => [code, names.of(code) ?? code]);
  return known
    .filter(([code, name]) => name !== code && !NO_COUNTRIES.has(code))
    .sort(([, a], [, b]) => a.localeCompare(b));
}
