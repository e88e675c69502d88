import assert from "node:assert/strict";
import { test } from "node:test";
import { added, subtotal, tidy, withQuantity } from "../src/basket.ts";

const PIZZA = { itemId: "pizza", name: "Pizza", unitPrice: 1_000 };
const CHEESE = { name: "cheese", price: 150 };
const HAM = { name: "ham", price: 200 };

test("the same dish with the same options is one line, in whatever order they were chosen", () => {
  let lines = added([], { ...PIZZA, options: [CHEESE, HAM] });
  lines = added(lines, { ...PIZZA, options: [HAM, CHEESE] });
  lines = added(lines, PIZZA);
  assert.deepEqual(lines.map((line) => line.quantity), [2, 1]);
});

test("an option's price counts once for each unit", () => {
  assert.equal(subtotal([{ ...PIZZA, quantity: 3, options: [CHEESE, HAM] }]), 3 * 1_350);
});

test("a basket takes what the API takes: 50 lines, 99 of one", () => {
  const lines = Array.from({ length: 50 }, (_, at) => ({ ...PIZZA, itemId: `${at}`, quantity: 99 }));
  assert.equal(added(lines, PIZZA).length, 50);
  assert.equal(withQuantity(lines, 0, 100)[0]?.quantity, 99);
});

test("a line with none goes", () => {
  assert.deepEqual(withQuantity([{ ...PIZZA, quantity: 1 }], 0, 0), []);
});

test("what is left empty is not sent", () => {
  const address = { line1: " 1 Market St ", line2: " ", city: "Hong Kong", postalCode: "", country: "HK" };
  assert.deepEqual(tidy(address), { line1: "1 Market St", city: "Hong Kong", country: "HK" });
});
