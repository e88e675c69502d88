/**
 * Who is signed in. AWS's own library does the sign-in (SRP: the password never leaves the page) and
 * renews the tokens.
 *
 * Tokens are in sessionStorage: a reload keeps them, the tab's end forgets them, and each tab has a
 * refresh token of its own. Those work once, so two tabs that shared one would sign each other out.
 */

import { Amplify, sessionStorage as ofTheTab } from "@aws-amplify/core";
import {
  confirmResetPassword,
  confirmSignIn,
  confirmSignUp,
  fetchAuthSession,
  resetPassword,
  signIn,
  signOut as forget,
  signUp,
} from "@aws-amplify/auth";
import { cognitoUserPoolsTokenProvider as tokenProvider } from "@aws-amplify/auth/cognito";
import type { Config } from "./config.ts";

export interface Me {
  id: string;
  email: string;
  operator: boolean;
  restaurants: string[];
}

/** What sign-in asks for next; null once somebody is signed in. */
export type Step = "app-code" | "account-code" | "new-password" | null;

const STEPS: Record<string, Step> = {
  DONE: null,
  CONFIRM_SIGN_IN_WITH_TOTP_CODE: "app-code",
  CONFIRM_SIGN_UP: "account-code",
  CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED: "new-password",
};

const REVOKING_MS = 3_000;

/** Says to the library which user pool is ours. */
export function prepare(config: Config): void {
  const { userPoolId, userPoolClientId, cognitoUrl } = config;
  const endpoint = cognitoUrl ? { userPoolEndpoint: cognitoUrl } : {};
  const Auth = { Cognito: { userPoolId, userPoolClientId, ...endpoint } };
  tokenProvider.setAuthConfig(Auth);
  tokenProvider.setKeyValueStorage(ofTheTab);
  Amplify.configure({ Auth }, { Auth: { tokenProvider } });
}

/** Begins a sign-in; gives what it asks for next. */
export async function enter(email: string, password: string): Promise<Step> {
  await forget().catch(() => undefined); // what an earlier sign-in has left would refuse this one
  return stepAfter((await signIn({ username: email, password })).nextStep.signInStep);
}

/** Goes on with a code, or with a new password. */
export async function goOn(answer: string): Promise<Step> {
  return stepAfter((await confirmSignIn({ challengeResponse: answer })).nextStep.signInStep);
}

/** Makes an account; Cognito mails a code to the address. */
export async function register(email: string, password: string): Promise<void> {
  await signUp({ username: email, password, options: { userAttributes: { email } } });
}

/** Confirms an address by the code that was mailed to it. */
export async function confirm(email: string, code: string): Promise<void> {
  await confirmSignUp({ username: email, confirmationCode: code });
}

/** Has a code mailed with which a new password can be set. */
export async function forgotten(email: string): Promise<void> {
  await resetPassword({ username: email });
}

/** Sets a new password. */
export async function reset(email: string, code: string, password: string): Promise<void> {
  await confirmResetPassword({ username: email, confirmationCode: code, newPassword: password });
}

function stepAfter(name: string): Step {
  const step = STEPS[name];
  if (step === undefined) throw new Error(`This page cannot sign you in: Cognito asks for ${name}.`);
  return step;
}

/** Gives a token that the API takes; undefined where nobody is signed in. */
export async function token(forceRefresh = false): Promise<string | undefined> {
  return (await fetchAuthSession({ forceRefresh })).tokens?.idToken?.toString();
}

/** Says who is signed in; undefined for nobody. Without a network the tokens at hand tell. */
export async function me(): Promise<Me | undefined> {
  const claims = (await fetchAuthSession()).tokens?.idToken?.payload;
  if (!claims) return undefined;
  const groups = claims["cognito:groups"];
  const inGroup = (name: string): boolean => Array.isArray(groups) && groups.includes(name);
  const restaurants = String(claims["custom:restaurants"] ?? "").split(" ").filter(Boolean);
  return {
    id: String(claims.sub),
    email: String(claims["email"] ?? ""),
    operator: inGroup("operators"),
    restaurants: inGroup("restaurants") ? restaurants : [],
  };
}

/** Ends the session at Cognito, which takes the refresh token back, and in any case here. */
export async function leave(): Promise<void> {
  const enough = new Promise((done) => setTimeout(done, REVOKING_MS));
  await Promise.race([forget().catch(() => undefined), enough]);
  sessionStorage.clear();
}
