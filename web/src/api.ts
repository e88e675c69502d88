/** Calls of the order API: who calls, what it answers, and what to do where no answer comes. */

import { config } from "./config.ts";
import * as session from "./session.ts";

const TIMEOUT_MS = 30_000; // API Gateway itself gives up after 29 s
const PAUSES_MS = [500, 1_000, 2_000, 4_000];

/** A field that is wrong, as the API names it: `#/items/0/quantity`. */
export interface Fault {
  pointer: string;
  detail: string;
}

/** The API has said no, and repeating would not help. */
export class Refused extends Error {
  readonly status: number;
  readonly kind: string;
  readonly faults: Fault[];

  constructor(status: number, kind: string, detail: string, faults: Fault[]) {
    super(detail);
    this.status = status;
    this.kind = kind;
    this.faults = faults;
  }
}

/** Nobody knows whether the request arrived: no network, no answer in time, or the API is away. */
export class NoAnswer extends Error {}

/** Nobody is signed in any more. */
export class SignedOut extends Error {}

export interface Asked {
  method?: "GET" | "POST" | "PATCH";
  body?: unknown;
  /** The Idempotency-Key: with it a request can be repeated without being done twice. */
  key?: string;
  ifMatch?: string;
  ifNoneMatch?: string;
}

export interface Answer<T> {
  status: number;
  /** Undefined where nothing has changed (304). */
  body: T | undefined;
  etag: string | null;
}

/**
 * Asks the API once.
 *
 * @throws Refused, NoAnswer or SignedOut.
 */
export async function ask<T>(path: string, asked: Asked = {}): Promise<Answer<T>> {
  let answer = await send(path, asked, await tokenOr());
  if (answer.status === 401) answer = await send(path, asked, await tokenOr(true));
  if (answer.status === 401) throw new SignedOut("Your session has ended. Sign in again.");
  if (answer.status >= 500 || answer.status === 429) {
    throw new NoAnswer(answer.status === 429 ? "Too many requests at once." : "The service does not answer.");
  }
  if (answer.status >= 400) throw await refusal(answer);
  const body = answer.status === 304 ? undefined : await whole<T>(answer);
  return { status: answer.status, body, etag: answer.headers.get("ETag") };
}

/**
 * Asks until there is an answer, for some seconds. Only for what can be repeated: what has a key.
 *
 * @throws Refused, SignedOut, or NoAnswer when none has come.
 */
export async function askUntilAnswered<T>(path: string, asked: Asked): Promise<Answer<T>> {
  for (const pause of PAUSES_MS) {
    try {
      return await ask<T>(path, asked);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      await new Promise((done) => setTimeout(done, pause));
    }
  }
  return ask<T>(path, asked);
}

/** Makes a key for one thing that is to be done once. */
export function newKey(): string {
  return crypto.randomUUID();
}

async function tokenOr(renewed = false): Promise<string> {
  let token: string | undefined;
  try {
    token = await session.token(renewed);
  } catch {
    throw new NoAnswer("The session cannot be renewed at the moment.");
  }
  if (!token) throw new SignedOut("Sign in first.");
  return token;
}

async function send(path: string, asked: Asked, token: string): Promise<Response> {
  const { method = "GET", body, key, ifMatch, ifNoneMatch } = asked;
  const headers = new Headers({ Authorization: token });
  if (body !== undefined) {
    headers.set("Content-Type", method === "PATCH" ? "application/merge-patch+json" : "application/json");
  }
  if (key) headers.set("Idempotency-Key", key);
  if (ifMatch) headers.set("If-Match", ifMatch);
  if (ifNoneMatch) headers.set("If-None-Match", ifNoneMatch);
  const given = body === undefined ? {} : { body: JSON.stringify(body) };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(config().apiUrl + path, { method, headers, signal, cache: "no-store", ...given });
  } catch {
    throw new NoAnswer("No connection.");
  }
}

/** Reads an answer to its end, which a network that breaks may keep from us. */
async function whole<T>(answer: Response): Promise<T> {
  try {
    return (await answer.json()) as T;
  } catch {
    throw new NoAnswer("The answer broke off.");
  }
}

async function refusal(answer: Response): Promise<Refused> {
  const problem = await whole<{ type?: string; title?: string; detail?: string; errors?: Fault[] }>(answer);
  const kind = (problem.type ?? "").split(":").pop() ?? "";
  return new Refused(answer.status, kind, problem.detail ?? problem.title ?? "Refused.", problem.errors ?? []);
}
