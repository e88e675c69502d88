/** An order on its way: sent until an answer is known, over reloads and without a network. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { askUntilAnswered, NoAnswer, SignedOut } from "../api.ts";
import type { Placing } from "../placing.ts";
import type { Order } from "../types.ts";
import { Heading, Trouble, useDoing } from "./parts.tsx";

interface Props {
  placing: Placing;
  /** Hears that the order is placed. */
  onPlaced: (order: Order) => void;
  /** Hears that it is not, and why. */
  onRefused: (error: unknown) => void;
  onSignedOut: () => void;
}

export function PlacingPage({ placing, onPlaced, onRefused, onSignedOut }: Props): JSX.Element {
  const [busy, error, start] = useDoing();
  const [away, setAway] = useState(false);

  function send(): void {
    start(async () => {
      setAway(false);
      try {
        const asked = { method: "POST", body: placing.order, key: placing.key } as const;
        const answer = await askUntilAnswered<Order>("/orders", asked);
        if (!answer.body) throw new NoAnswer("The answer was empty.");
        onPlaced(answer.body);
      } catch (problem) {
        if (problem instanceof SignedOut) onSignedOut();
        else if (problem instanceof NoAnswer) setAway(true);
        else onRefused(problem);
      }
    });
  }
  useEffect(() => {
    send();
    addEventListener("online", send);
    return () => removeEventListener("online", send);
  }, [placing.key]);
  return (
    <section class="narrow">
      <Heading>Your order</Heading>
      <p role="status">
        {busy
          ? "Sending it…"
          : away
            ? "No answer yet, so we do not know whether it arrived. Trying again places it once, not twice."
            : ""}
      </p>
      <Trouble error={error} />
      {!busy && away && (
        <div class="buttons">
          <button type="button" class="main" onClick={send}>Try again</button>
          <a href="#/orders">Look whether it is among your orders</a>
        </div>
      )}
    </section>
  );
}
