/**
 * A partner's program in TypeScript, on the types that openapi-typescript makes.
 *
 * node partner.ts orders     places, reads, changes and lists: API_URL and API_KEY say where and who
 * node partner.ts webhook    verifies a delivery with WEBHOOK_SECRET: headers and body on stdin
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";

import createClient from "openapi-fetch";
import { Webhook } from "standardwebhooks";

import type { components, paths, webhooks } from "./schema.d.ts";

type Schemas = components["schemas"];
type Event =
  webhooks["order-event"]["post"]["requestBody"]["content"]["application/json"];

function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

/** Give what is there, or end with what came instead. */
function taken<Value>(answer: { data?: Value; error?: unknown }): Value {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const sent: Schemas["NewPartnerOrder"] = {
  restaurantId: "rest-1",
  currency: "EUR",
  items: [{ itemId: "pizza", name: "Pizza", quantity: 2, unitPrice: 950 }],
  deliveryFee: 250,
  tip: 0,
  deliveryAddress: {
    line1: "Hauptstrasse 1",
    city: "Berlin",
    postalCode: "10115",
    country: "DE",
  },
  contactPhone: "+493012345678",
  customerId: `cust-${randomUUID()}`,
};

/** Place an order, read it, change it, list it, and try what its status does not allow. */
async function placeAndChange(): Promise<object> {
  const client = createClient<paths>({
    baseUrl: environment("API_URL"),
    headers: { "x-api-key": environment("API_KEY") },
  });
  const header = { "Idempotency-Key": randomUUID() };
  const place = () => client.POST("/partner/orders", { params: { header }, body: sent });
  const placed = taken(await place());
  if (taken(await place()).orderId !== placed.orderId) throw new Error("placed twice");
  const params = { path: { orderId: placed.orderId } };
  const read = taken(await client.GET("/partner/orders/{orderId}", { params }));
  const change = (body: Schemas["OrderPatch"]) =>
    client.PATCH("/partner/orders/{orderId}", { params, body });
  const noted = taken(await change({ note: "Ring twice" }));
  const query = { customerId: sent.customerId };
  const page = taken(await client.GET("/partner/orders", { params: { query } }));
  const refused = await change({ status: "DELIVERED" });
  return {
    orderId: placed.orderId,
    total: read.total,
    note: noted.note,
    listed: page.orders.map((order) => order.orderId),
    refused: refused.error?.type,
  };
}

/** Verify a delivery, and read its event by the generated type. */
async function verify(): Promise<object> {
  const delivery = JSON.parse(readFileSync(0, "utf8")) as {
    headers: Record<string, string>;
    body: string;
  };
  const verifier = new Webhook(environment("WEBHOOK_SECRET"));
  const event = verifier.verify(delivery.body, delivery.headers) as Event;
  const { eventId, schemaVersion, type, orderId, status, version, occurredAt } = event;
  return { eventId, schemaVersion, type, orderId, status, version, occurredAt };
}

const work = process.argv[2] === "webhook" ? verify : placeAndChange;
console.log(JSON.stringify(await work()));
