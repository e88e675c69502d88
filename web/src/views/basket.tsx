/** The basket: what, where to, at which price; and the button that orders. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Basket, type Delivery, keepDelivery, orderOf, readDelivery, subtotal, withQuantity } from "../basket.ts";
import { askQuote, type Quote } from "../menu.ts";
import type { Address, NewOrder } from "../types.ts";
import { countries, money } from "../words.ts";
import { Field, Heading, priceOf, Sums, Trouble } from "./parts.tsx";

const TYPING_MS = 400;
const TIPS = [0, 200, 400, 600];

interface Props {
  basket: Basket | null;
  setBasket: (basket: Basket | null) => void;
  /** Sends the order, exactly once. */
  onPlace: (order: NewOrder) => void;
  /** Why the last one was refused. */
  refused: unknown;
}

export function BasketPage({ basket, setBasket, onPlace, refused }: Props): JSX.Element {
  const [delivery, setDelivery] = useState(readDelivery);
  useEffect(() => keepDelivery(delivery), [delivery]);
  const [quote, error, renew] = useQuote(basket, delivery.address);
  if (!basket || basket.lines.length === 0) {
    return (
      <section>
        <Heading>Basket</Heading>
        <p>It is empty. <a href="#/">To the menu</a></p>
      </section>
    );
  }
  function place(event: SubmitEvent): void {
    event.preventDefault();
    if (basket && quote) onPlace(orderOf(basket.restaurantId, quote, delivery));
  }
  return (
    <section class="narrow">
      <Heading>Basket</Heading>
      <Trouble error={refused} />
      <h2>{basket.restaurantName}</h2>
      <Quantities basket={basket} setBasket={setBasket} />
      <form onSubmit={place}>
        <Where delivery={delivery} setDelivery={setDelivery} currency={basket.currency} />
        <Trouble error={error} />
        {error !== null && <button type="button" onClick={renew}>Ask for the price again</button>}
        {quote ? (
          <>
            <Sums subtotal={quote.subtotal} fee={quote.deliveryFee} tip={delivery.tip} currency={basket.currency} />
            <button class="main">
              Order for {money(quote.subtotal + quote.deliveryFee + delivery.tip, basket.currency)}
            </button>
          </>
        ) : (
          <p class="quiet" role="status">
            {error ? "" : `Items: ${money(subtotal(basket.lines), basket.currency)}. The delivery's price comes with the address.`}
          </p>
        )}
      </form>
    </section>
  );
}

function Quantities({ basket, setBasket }: Pick<Props, "setBasket"> & { basket: Basket }): JSX.Element {
  function change(index: number, quantity: number): void {
    const lines = withQuantity(basket.lines, index, quantity);
    setBasket(lines.length > 0 ? { ...basket, lines } : null);
  }
  return (
    <ul class="lines">
      {basket.lines.map((line, index) => (
        <li key={index}>
          <span class="stepper">
            <button type="button" aria-label={`One ${line.name} less`} onClick={() => change(index, line.quantity - 1)}>−</button>
            <span class="count">{line.quantity}</span>
            <button type="button" aria-label={`One ${line.name} more`} onClick={() => change(index, line.quantity + 1)}>+</button>
          </span>
          <span>
            {line.name}
            {line.options?.map((option) => <small key={option.name}> + {option.name}</small>)}
          </span>
          <span class="price">{money(line.quantity * priceOf(line), basket.currency)}</span>
        </li>
      ))}
    </ul>
  );
}

function Where(props: { delivery: Delivery; setDelivery: (delivery: Delivery) => void; currency: string }): JSX.Element {
  const { delivery, setDelivery, currency } = props;
  const to = delivery.address;
  const address = (part: Partial<Address>): void => setDelivery({ ...delivery, address: { ...to, ...part } });
  return (
    <fieldset>
      <legend>Delivery</legend>
      <Field label="Street and number" autocomplete="address-line1" required value={to.line1} onText={(line1) => address({ line1 })} />
      <Field label="Apartment, floor" hint="optional" autocomplete="address-line2" value={to.line2 ?? ""} onText={(line2) => address({ line2 })} />
      <div class="pair">
        <Field label="Postal code" autocomplete="postal-code" value={to.postalCode ?? ""} onText={(postalCode) => address({ postalCode })} />
        <Field label="City" autocomplete="address-level2" required value={to.city} onText={(city) => address({ city })} />
      </div>
      <label class="field">
        <span>Country</span>
        <select autocomplete="country" value={to.country} onChange={(event) => address({ country: event.currentTarget.value })}>
          {countries().map(([code, name]) => <option key={code} value={code}>{name}</option>)}
        </select>
      </label>
      <Field label="Phone" hint="with country code, such as +1 415 555 0123" type="tel" autocomplete="tel" required pattern="\+[0-9 \(\)\-]{7,20}" value={delivery.phone} onText={(phone) => setDelivery({ ...delivery, phone })} />
      <label class="field">
        <span>Note <small>optional</small></span>
        <textarea rows={2} maxLength={500} value={delivery.note} onInput={(event) => setDelivery({ ...delivery, note: event.currentTarget.value })} />
      </label>
      <label class="field">
        <span>Tip</span>
        <select value={delivery.tip} onChange={(event) => setDelivery({ ...delivery, tip: Number(event.currentTarget.value) })}>
          {TIPS.map((tip) => <option key={tip} value={tip}>{tip ? money(tip, currency) : "None"}</option>)}
        </select>
      </label>
    </fieldset>
  );
}

/** Keeps a quote for what is in the basket: a new one when that changes, and before it ends. */
function useQuote(basket: Basket | null, address: Address): [Quote | null, unknown, () => void] {
  const [quote, setQuote] = useState<Quote | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  const { country, postalCode = "" } = address;
  const wanted = JSON.stringify([basket, country, postalCode.trim()]);
  useEffect(() => {
    setQuote(null);
    setError(null);
    if (!basket || basket.lines.length === 0 || postalCode.trim().length < 3) return;
    let timer = setTimeout(ask, TYPING_MS);
    let gone = false;
    function ask(): void {
      if (!basket) return;
      const deliveryAddress = { country, postalCode: postalCode.trim() };
      askQuote({ restaurantId: basket.restaurantId, items: basket.lines, deliveryAddress }).then(
        (given) => {
          if (gone) return;
          setQuote(given);
          setError(null);
          timer = setTimeout(ask, Math.max(Date.parse(given.expiresAt) - Date.now() - 60_000, 30_000));
        },
        (why) => !gone && setError(why),
      );
    }
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [wanted, turn]);
  return [quote, error, () => setTurn(turn + 1)];
}
