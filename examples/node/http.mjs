// The same protocol over HTTP: POST / with one JSON-RPC object, answered by one. The bench starts nothing and stops
// nothing here: the program stays up from one scenario to the next, and « au_revoir » closes the workstation only.

import { createServer } from "node:http";

const MAX_OCTETS = 8 * 1024 * 1024; // as for a line on the standard input
const JSON_UTF8 = { "Content-Type": "application/json; charset=utf-8" };

// Listens on the loopback address; « repondre » takes the text of a request and gives the object that answers it.
export function servir(port, repondre) {
  let precedente = Promise.resolve(); // one request at a time, in the order of arrival
  const serveur = createServer(async (requete, sortie) => {
    const texte = requete.method === "POST" ? await lire(requete) : null;
    if (texte === null) {
      sortie.writeHead(requete.method === "POST" ? 413 : 405).end();
      return;
    }
    precedente = precedente.then(() => repondre(texte));
    const corps = JSON.stringify(await precedente);
    sortie.writeHead(200, { ...JSON_UTF8, "Content-Length": Buffer.byteLength(corps) }).end(corps);
  });
  serveur.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${serveur.address().port}/`));
}

// The body, as text; null beyond the limit.
async function lire(requete) {
  const morceaux = [];
  let octets = 0;
  for await (const morceau of requete) {
    octets += morceau.length;
    if (octets <= MAX_OCTETS) morceaux.push(morceau);
  }
  return octets > MAX_OCTETS ? null : Buffer.concat(morceaux).toString("utf8");
}
