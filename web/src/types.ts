/** What the order API says; docs/api/openapi-3.1.json has all of it. Money is whole minor units. */

import type { Status } from "./lifecycle.ts";

export interface Option {
  name: string;
  price: number;
}

export interface LineItem {
  itemId: string;
  name: string;
  quantity: number;
  unitPrice: number;
  options?: Option[];
  note?: string;
}

export interface Address {
  line1: string;
  line2?: string;
  city: string;
  region?: string;
  postalCode?: string;
  country: string;
}

/** What a customer places. */
export interface NewOrder {
  restaurantId: string;
  currency: string;
  items: LineItem[];
  deliveryFee: number;
  tip: number;
  deliveryAddress: Address;
  contactPhone: string;
  note?: string;
  quote?: string;
}

export interface StatusChange {
  status: Status;
  at: string;
  by: string;
  operator?: string;
  reason?: string;
  reasonText?: string;
}

/** What the API shows of an order; customers' data is left out where a restaurant reads it. */
export interface Order {
  orderId: string;
  restaurantId: string;
  customerId?: string;
  partnerId?: string;
  reference?: string;
  status: Status;
  currency: string;
  items: LineItem[];
  deliveryFee: number;
  tip: number;
  subtotal: number;
  total: number;
  deliveryAddress?: Address;
  contactPhone?: string;
  note?: string;
  scheduledFor?: string;
  acceptBy?: string;
  readyAt?: string;
  createdAt: string;
  updatedAt: string;
  version: number;
  history: StatusChange[];
}

export interface Page {
  orders: Order[];
  cursor: string | null;
}

/** A change of an order (JSON Merge Patch). */
export interface Change {
  status?: Status;
  reason?: { code: string; text?: string };
  readyAt?: string;
}
