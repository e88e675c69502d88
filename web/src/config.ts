/** Where everything is: config.json, which whoever serves the page makes. */

export interface Person {
  name: string;
  email: string;
  password: string;
}

export interface Config {
  /** The order API with its stage, without a slash at its end. */
  apiUrl: string;
  /** The menu with its signed quotes; null where customers have none. */
  menuUrl: string | null;
  userPoolId: string;
  userPoolClientId: string;
  /** Cognito's address; null for AWS's own. */
  cognitoUrl: string | null;
  /** The order's trace, with {orderId} in it; null where nobody shows any. */
  traceUrl: string | null;
  /** Whether that address gives the trace as JSON, or is a page to open. */
  traceIsPage: boolean;
  /** Who can sign in with a click, on a machine of a developer alone. */
  people: Person[];
}

let loaded: Config | undefined;

/** Reads the configuration; once, before anything else. */
export async function load(): Promise<Config> {
  const answer = await fetch("config.json", { cache: "no-cache" });
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  loaded = (await answer.json()) as Config;
  return loaded;
}

/** Gives the configuration. */
export function config(): Config {
  if (!loaded) throw new Error("config.json is not loaded");
  return loaded;
}
