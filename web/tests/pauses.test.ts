import assert from "node:assert/strict";
import { test } from "node:test";
import { EVERY, pauseAfter, pauseOfList, pauseOfOrder } from "../src/pauses.ts";

test("an order is looked at less often once it is accepted, seldom in a hidden tab, never when it is over", () => {
  const pauses = [pauseOfOrder({ status: "PLACED" }, false), pauseOfOrder({ status: "READY" }, false), pauseOfOrder({ status: "READY" }, true)];
  assert.deepEqual(pauses, [EVERY.placed, EVERY.underWay, EVERY.hidden]);
  assert.ok(EVERY.placed < EVERY.underWay && EVERY.underWay < EVERY.hidden);
  for (const status of ["DELIVERED", "REJECTED", "CANCELLED", "FAILED"] as const) {
    assert.equal(pauseOfOrder({ status }, false), null);
  }
});

test("a list is looked at less often in a hidden tab", () => {
  assert.ok(pauseOfList(false) < pauseOfList(true));
});

test("without an answer the next tries come later and later, and a minute apart at most", () => {
  const pauses = [1, 2, 3, 4, 5, 6, 7, 50].map((failures) => pauseAfter(failures, 10));
  assert.deepEqual(pauses, [2, 4, 8, 16, 32, 60, 60, 60]);
  assert.equal(pauseAfter(0, 10), 10);
});
