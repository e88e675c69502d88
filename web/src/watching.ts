/** Looking again and again at something that changes: seldom where nobody looks, later and later where nobody answers. */

import { type Answer, ask, NoAnswer } from "./api.ts";
import { pauseAfter } from "./pauses.ts";

const SECOND = 1_000;

/** What is known now, and whether it is the latest. */
export interface Seen<T> {
  value: T | undefined;
  etag: string | null;
  /** When it was last confirmed, in milliseconds since 1970. */
  at: number;
  /** Whether the last look failed for want of an answer. */
  away: boolean;
}

export interface Watch {
  /** Looks now. */
  again(): void;
  /** Looks no more. */
  stop(): void;
}

/** Looks once; hears what the last look found. */
export type Look<T> = (last: Seen<T>) => Promise<Answer<T>>;

/** Looks at a path of the API; what has not changed is not sent again. */
export function at<T>(path: string): Look<T> {
  return (last) => ask<T>(path, last.etag ? { ifNoneMatch: last.etag } : {});
}

/**
 * Watches something of the API.
 *
 * @param pause - gives the seconds until the next look; null to stop.
 * @param tell - hears what each look found.
 * @param fail - hears why there is nothing to watch.
 */
export function watch<T>(
  look: Look<T>,
  pause: (value: T | undefined, hidden: boolean) => number | null,
  tell: (seen: Seen<T>) => void,
  fail: (error: unknown) => void,
): Watch {
  let seen: Seen<T> = { value: undefined, etag: null, at: 0, away: false };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let looking = false;
  let stopped = false;

  async function lookNow(): Promise<void> {
    if (looking || stopped) return;
    looking = true;
    clearTimeout(timer);
    try {
      const answer = await look(seen);
      seen = { value: answer.body ?? seen.value, etag: answer.etag ?? seen.etag, at: Date.now(), away: false };
      failures = 0;
    } catch (error) {
      if (!(error instanceof NoAnswer)) {
        stop();
        fail(error);
        return;
      }
      seen = { ...seen, away: true };
      failures += 1;
    } finally {
      looking = false;
    }
    if (stopped) return;
    tell(seen);
    const usual = pause(seen.value, document.hidden);
    if (usual !== null) timer = setTimeout(lookNow, pauseAfter(failures, usual) * SECOND);
  }

  function shown(): void {
    if (!document.hidden && pause(seen.value, false) !== null) void lookNow();
  }

  function stop(): void {
    stopped = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", shown);
    removeEventListener("online", shown);
  }

  document.addEventListener("visibilitychange", shown);
  addEventListener("online", shown);
  void lookNow();
  return { again: () => void lookNow(), stop };
}
