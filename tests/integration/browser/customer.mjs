// A page on the allowed origin signs a customer in, places an order and reads errors.
import { wanted, withPage } from "./chromium.mjs";

/** In the page: sign in with Cognito by SRP; gives an identity token. */
function signIn({ userPoolId, clientId, cognito, email, password }) {
  const { AuthenticationDetails, CognitoUser, CognitoUserPool } = AmazonCognitoIdentity;
  const pool = new CognitoUserPool({ UserPoolId: userPoolId, ClientId: clientId, endpoint: cognito });
  const user = new CognitoUser({ Username: email, Pool: pool });
  const details = new AuthenticationDetails({ Username: email, Password: password });
  return new Promise((resolve, reject) => {
    user.authenticateUser(details, {
      onSuccess: (session) => resolve(session.getIdToken().getJwtToken()),
      onFailure: (error) => reject(new Error(error.message)),
    });
  });
}

/** In the page: call the API and read what a page may read. */
async function call({ url, method = "GET", headers = {}, body }) {
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.json() };
}

await withPage(wanted.rules, async (page) => {
  await page.goto(`${wanted.origin}/`);
  const token = await page.evaluate(signIn, wanted);
  const headers = { Authorization: token, "Content-Type": "application/json" };
  const post = { url: `${wanted.api}/orders`, method: "POST" };
  const placing = { ...headers, "Idempotency-Key": wanted.key };
  const bad = { ...wanted.order, tip: -1 };
  return {
    placed: await page.evaluate(call, { ...post, headers: placing, body: wanted.order }),
    refused: await page.evaluate(call, { ...post, headers: placing, body: bad }),
    unknown: await page.evaluate(call, { url: `${wanted.api}/orders` }),
  };
});
