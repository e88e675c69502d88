import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, KNOWN_MS, type Kept, pending, settle } from "../src/placing.ts";
import type { NewOrder } from "../src/types.ts";

const ORDER = { restaurantId: "rest-1" } as NewOrder;
const OTHER = { restaurantId: "rest-2" } as NewOrder;

/** What a browser keeps over reloads. */
function storage(): Kept & { all: Map<string, string> } {
  const all = new Map<string, string>();
  return {
    all,
    getItem: (name) => all.get(name) ?? null,
    setItem: (name, text) => void all.set(name, text),
    removeItem: (name) => void all.delete(name),
  };
}

function keys(): () => string {
  let made = 0;
  return () => `key-${(made += 1)}`;
}

test("a second click sends the same order with the same key", () => {
  const kept = storage(), makeKey = keys();
  const first = begin(kept, "ann", ORDER, 0, makeKey);
  const second = begin(kept, "ann", OTHER, 1, makeKey);
  assert.deepEqual(second, first);
  assert.equal(first.key, "key-1");
});

test("the key is kept before anything is sent, and found after a reload", () => {
  const kept = storage();
  const { key } = begin(kept, "ann", ORDER, 0, keys());
  assert.deepEqual(pending(kept, "ann", 1), { key, order: ORDER, at: 0 });
});

test("an order of one person is never sent as another's", () => {
  const kept = storage();
  begin(kept, "ann", ORDER, 0, keys());
  assert.equal(pending(kept, "bob", 1), undefined);
});

test("an order whose answer is known is forgotten, and the next one has a key of its own", () => {
  const kept = storage(), makeKey = keys();
  const first = begin(kept, "ann", ORDER, 0, makeKey);
  settle(kept, "ann", first.key);
  assert.equal(kept.all.size, 0);
  assert.notEqual(begin(kept, "ann", ORDER, 1, makeKey).key, first.key);
});

test("a late answer to an earlier order does not forget the present one", () => {
  const kept = storage(), makeKey = keys();
  const first = begin(kept, "ann", ORDER, 0, makeKey);
  settle(kept, "ann", first.key);
  const second = begin(kept, "ann", OTHER, 1, makeKey);
  settle(kept, "ann", first.key);
  assert.equal(pending(kept, "ann", 2)?.key, second.key);
});

test("what the API may have forgotten is not sent again: it could be a second order", () => {
  const kept = storage();
  begin(kept, "ann", ORDER, 0, keys());
  assert.notEqual(pending(kept, "ann", KNOWN_MS - 1), undefined);
  assert.equal(pending(kept, "ann", KNOWN_MS), undefined);
  assert.equal(kept.all.size, 0);
});

test("what is broken in the browser's storage counts as nothing", () => {
  for (const text of ["", "{", "null", "[]", "{}", '"key"']) {
    const kept = storage();
    kept.setItem("placing:ann", text);
    assert.equal(pending(kept, "ann", 0), undefined);
  }
});
