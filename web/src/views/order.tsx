/** One order: where it stands, live; what it is; and what may be done about it. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { change } from "../changing.ts";
import { config } from "../config.ts";
import { CANCELLABLE, COURSE } from "../lifecycle.ts";
import { pauseOfOrder } from "../pauses.ts";
import type { Me } from "../session.ts";
import type { Order } from "../types.ts";
import { at } from "../watching.ts";
import { money, reason, STATUS, time, who } from "../words.ts";
import { Badge, Confirm, Freshness, Heading, Lines, Sums, Trouble, useDoing, useWatched } from "./parts.tsx";
import { Steering } from "./steering.tsx";
import { Trace } from "./trace.tsx";

export function OrderPage(props: { id: string; me: Me; onSignedOut: () => void }): JSX.Element {
  const path = `/orders/${encodeURIComponent(props.id)}`;
  const { seen, error, again } = useWatched<Order>(path, at, pauseOfOrder, props.onSignedOut);
  const order = seen.value;
  return (
    <section class="order">
      <Heading>{`Order ${props.id.slice(-6)}`}</Heading>
      <Trouble error={error} />
      <Freshness seen={seen} />
      {!order && !error && !seen.away && <p>Loading…</p>}
      {order && (
        <>
          <Course order={order} />
          {props.me.operator ? (
            <Steering order={order} onChanged={again} />
          ) : (
            CANCELLABLE.includes(order.status) && <Cancelling order={order} onChanged={again} />
          )}
          <Contents order={order} />
          <History order={order} />
          {props.me.operator && config().traceUrl && <Trace orderId={order.orderId} />}
        </>
      )}
    </section>
  );
}

/** Where it stands on its way; a change is said to who cannot see it. */
function Course({ order }: { order: Order }): JSX.Element {
  const reached = COURSE.indexOf(order.status);
  const ended = reached < 0 ? order.history.at(-1) : undefined;
  return (
    <div class="course">
      <p class="now" role="status" data-status={order.status}>
        <strong>{STATUS[order.status]}</strong>
        {ended?.reason && <span> {reason(ended.reason, ended.reasonText)}</span>}
        {order.readyAt && reached >= 0 && reached < 3 && <span> Ready about {time(order.readyAt)}</span>}
        {order.acceptBy && order.status === "PLACED" && <span> Answer by {time(order.acceptBy)}</span>}
      </p>
      {reached >= 0 && (
        <ol>
          {COURSE.map((status, place) => (
            <li key={status} class={place <= reached ? "done" : ""} aria-current={place === reached ? "step" : undefined}>
              {STATUS[status]}
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

function Cancelling({ order, onChanged }: { order: Order; onChanged: () => void }): JSX.Element {
  const [asking, setAsking] = useState(false);
  const [busy, error, start] = useDoing();
  function cancel(): void {
    start(async () => {
      try {
        await change(order, { status: "CANCELLED" });
      } finally {
        setAsking(false);
        onChanged();
      }
    });
  }
  return (
    <>
      <Trouble error={error} />
      <button type="button" onClick={() => setAsking(true)}>Cancel the order</button>
      {asking && (
        <Confirm question="Cancel this order?" yes="Cancel it" busy={busy} onYes={cancel} onNo={() => setAsking(false)}>
          <p>{money(order.total, order.currency)} from {order.restaurantId}. This cannot be taken back.</p>
        </Confirm>
      )}
    </>
  );
}

function Contents({ order }: { order: Order }): JSX.Element {
  const to = order.deliveryAddress;
  return (
    <section aria-labelledby="contents">
      <h2 id="contents">{order.restaurantId}</h2>
      <Lines lines={order.items} currency={order.currency} />
      <Sums subtotal={order.subtotal} fee={order.deliveryFee} tip={order.tip} currency={order.currency} />
      {to && (
        <address>
          {[to.line1, to.line2, to.city, to.region, to.postalCode, to.country].filter(Boolean).join(", ")}
          {order.contactPhone && ` · ${order.contactPhone}`}
        </address>
      )}
      {order.note && <p class="note">{order.note}</p>}
      <p><small>Number {order.orderId}</small></p>
    </section>
  );
}

/** What has happened to it. */
function History({ order }: { order: Order }): JSX.Element {
  return (
    <section aria-labelledby="history">
      <h2 id="history">History</h2>
      <ol class="history">
        {order.history.map((entry, index) => (
          <li key={index}>
            <time dateTime={entry.at}>{time(entry.at)}</time>
            <Badge status={entry.status} />
            <span>by {who(entry.by)}{entry.operator && ` (${entry.operator})`}</span>
            {entry.reason && <span>{reason(entry.reason, entry.reasonText)}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
