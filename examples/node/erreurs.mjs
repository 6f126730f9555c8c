// A refusal is a normal answer of the LPS (« issue: refus »); an ErreurProtocole becomes a JSON-RPC error.

export class Refus extends Error {
  constructor(motif, codeRetour = "") {
    super(motif);
    this.codeRetour = codeRetour;
  }
}

export class ErreurProtocole extends Error {
  constructor(code, message, data = undefined) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

// The network is not there, or says « later »: what waits goes on waiting.
export class ReseauIndisponible extends Error {}

// The network says no, for good.
export class MessageRefuse extends Error {}
