/** How operators find an order. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { STATUS } from "../words.ts";
import { OrderList, usePages } from "./orders.tsx";
import { Field, Heading, Trouble } from "./parts.tsx";

const ORDER_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const FILTERS = [
  ["customerId", "Customer"],
  ["partnerId", "Partner"],
  ["reference", "Partner's own number"],
] as const;

export function Operator({ query, onSignedOut }: { query: URLSearchParams; onSignedOut: () => void }): JSX.Element {
  const [error, setError] = useState<unknown>(null);
  function find(event: SubmitEvent): void {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string): string => String(given.get(name) ?? "").trim();
    const id = text("orderId").toLowerCase();
    setError(null);
    if (id) {
      if (ORDER_ID.test(id)) location.hash = `#/orders/${id}`;
      else setError("This is no order's number: it looks like 01a2056f-12d3-7a4f-a166-60b40a00b62c.");
      return;
    }
    const wanted = new URLSearchParams();
    for (const name of ["customerId", "partnerId", "reference", "status"]) if (text(name)) wanted.set(name, text(name));
    location.hash = `#/operator?${wanted}`;
  }
  return (
    <section>
      <Heading>Find an order</Heading>
      <Trouble error={error} />
      <form onSubmit={find} class="search">
        <Field label="Order's number" name="orderId" autocomplete="off" spellcheck={false} />
        {FILTERS.map(([name, label]) => (
          <Field key={name} label={label} name={name} autocomplete="off" defaultValue={query.get(name) ?? ""} />
        ))}
        <label class="field">
          <span>Status</span>
          <select name="status" defaultValue={query.get("status") ?? ""}>
            <option value="">Any</option>
            {Object.entries(STATUS).map(([status, said]) => <option key={status} value={status}>{said}</option>)}
          </select>
        </label>
        <button class="main">Find</button>
      </form>
      <Found query={query} onSignedOut={onSignedOut} />
    </section>
  );
}

function Found({ query, onSignedOut }: { query: URLSearchParams; onSignedOut: () => void }): JSX.Element {
  const path = `/orders?limit=20${query.size > 0 ? `&${query}` : ""}`;
  const { orders, error, busy, more } = usePages(path, onSignedOut);
  return (
    <section aria-labelledby="found">
      <h2 id="found">{query.size > 0 ? "Found" : "Some orders"}</h2>
      <Trouble error={error} />
      {orders && <OrderList orders={orders} none="There is no such order." />}
      {more && <button type="button" onClick={more} disabled={busy}>Show more</button>}
    </section>
  );
}
