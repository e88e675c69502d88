/** What can be ordered: restaurants, dishes, options. */

import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { added, type Basket, pieces, subtotal } from "../basket.ts";
import { config } from "../config.ts";
import { type Dish, readMenu, type Restaurant } from "../menu.ts";
import type { Option } from "../types.ts";
import { counted, money } from "../words.ts";
import { Heading, Trouble, useDoing } from "./parts.tsx";

interface Props {
  basket: Basket | null;
  setBasket: (basket: Basket | null) => void;
}

export function Menu({ basket, setBasket }: Props): JSX.Element {
  const [restaurants, setRestaurants] = useState<Restaurant[] | null>(null);
  const [said, setSaid] = useState("");
  const [busy, error, start] = useDoing();
  const read = (): void => start(async () => setRestaurants(await readMenu()));
  useEffect(() => {
    if (config().menuUrl) read();
  }, []);

  function add(restaurant: Restaurant, dish: Dish, options: Option[]): void {
    const before = basket?.restaurantId === restaurant.restaurantId ? basket.lines : [];
    const { itemId, name, unitPrice } = dish;
    const lines = added(before, { itemId, name, unitPrice, ...(options.length > 0 ? { options } : {}) });
    const { restaurantId, currency } = restaurant;
    setBasket({ restaurantId, restaurantName: nameOf(restaurant), currency, lines });
    setSaid(`${dish.name} is in the basket.`);
  }
  return (
    <section>
      <Heading>Menu</Heading>
      <p role="status" class="hidden">{said}</p>
      {!config().menuUrl && <p>This stage has no menu. The setting web_client names its address.</p>}
      <Trouble error={error} />
      {error !== null && <button type="button" onClick={read} disabled={busy}>Try again</button>}
      {!restaurants && busy && <p>Loading…</p>}
      {restaurants?.map((restaurant) => (
        <section key={restaurant.restaurantId} aria-labelledby={`of-${restaurant.restaurantId}`}>
          <h2 id={`of-${restaurant.restaurantId}`}>{nameOf(restaurant)}</h2>
          <ul class="dishes">
            {restaurant.dishes.map((dish) => (
              <DishCard key={dish.itemId} dish={dish} currency={restaurant.currency} onAdd={(options) => add(restaurant, dish, options)} />
            ))}
          </ul>
        </section>
      ))}
      {basket && basket.lines.length > 0 && (
        <a class="bar" href="#/basket">
          <span>{counted(pieces(basket), "item")} from {basket.restaurantName}</span>
          <strong>{money(subtotal(basket.lines), basket.currency)} · To the basket</strong>
        </a>
      )}
    </section>
  );
}

function nameOf(restaurant: Restaurant): string {
  return restaurant.name ?? restaurant.restaurantId;
}

function DishCard(props: { dish: Dish; currency: string; onAdd: (options: Option[]) => void }): JSX.Element {
  const { dish, currency, onAdd } = props;
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const options = dish.options ?? [];
  function choose(name: string, is: boolean): void {
    setChosen(is ? [...chosen, name] : chosen.filter((other) => other !== name));
  }
  return (
    <li class="card">
      <div class="row"><h3>{dish.name}</h3><span>{money(dish.unitPrice, currency)}</span></div>
      {dish.description && <p class="quiet">{dish.description}</p>}
      {options.map((option) => (
        <label key={option.name} class="choice">
          <input type="checkbox" checked={chosen.includes(option.name)} onChange={(event) => choose(option.name, event.currentTarget.checked)} />
          <span>{option.name}</span>
          <span>{option.price > 0 && `+ ${money(option.price, currency)}`}</span>
        </label>
      ))}
      <button type="button" onClick={() => onAdd(options.filter((option) => chosen.includes(option.name)))}>
        Add<span class="hidden"> {dish.name}</span>
      </button>
    </li>
  );
}
