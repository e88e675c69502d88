/** What operators do with an order: they move it. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { change, type Reason } from "../changing.ts";
import { REASONED, STAFF_MOVES, type Status } from "../lifecycle.ts";
import type { Order } from "../types.ts";
import { MOVE } from "../words.ts";
import { Trouble, useDoing } from "./parts.tsx";
import { Reasoning } from "./reasoning.tsx";

/** Moves an order to where it can go from here; with a reason where it ends badly. */
export function Steering({ order, onChanged }: { order: Order; onChanged: () => void }): JSX.Element {
  const [asking, setAsking] = useState<Status | null>(null);
  const [busy, error, start] = useDoing();
  function move(status: Status, reason?: Reason): void {
    start(async () => {
      try {
        await change(order, { status, ...(reason ? { reason } : {}) });
      } finally {
        setAsking(null);
        onChanged();
      }
    });
  }
  return (
    <section aria-labelledby="steering">
      <h2 id="steering">Move it</h2>
      <Trouble error={error} />
      <div class="buttons">
        {STAFF_MOVES[order.status].map((status) => (
          <button key={status} type="button" disabled={busy} onClick={() => (REASONED.includes(status) ? setAsking(status) : move(status))}>
            {MOVE[status]}
          </button>
        ))}
        {STAFF_MOVES[order.status].length === 0 && <p>It is over: nothing moves it any more.</p>}
      </div>
      {asking && <Reasoning status={asking} busy={busy} onNo={() => setAsking(null)} onYes={(reason) => move(asking, reason)} />}
    </section>
  );
}
