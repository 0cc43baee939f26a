/** The client of the page's server: actions, switches and event streams. */

/** @typedef {import("./types.js").Json} Json */
/** @typedef {import("./types.js").Target} Target */

export class ApiClient {
  /**
   * @param {string} as  id of the person who acts
   * @param {(sentence: string) => void} onError
   */
  constructor(as, onError) {
    this.as = as;
    this.onError = onError;
  }

  /** Send an action of the person. @param {Json} act @returns {Promise<boolean>} whether the server did it */
  async send(act) {
    return (await this.post("/api/act", { as: this.as, ...act })) !== null;
  }

  /** Fetch the options that the app offers for a typed text. @param {Json} query @returns {Promise<Json[]>} */
  async fetchOptions(query) {
    return (await this.post("/api/options", { as: this.as, ...query }))?.options ?? [];
  }

  /** @param {Json} change @returns {Promise<boolean>} */
  async setSwitch(change) {
    return (await this.post("/api/switch", change)) !== null;
  }

  /** @param {string} path @param {Json} body @returns {Promise<Json | null>} */
  async post(path, body) {
    try {
      const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      const answer = await response.json();
      if (response.ok && answer.ok !== false) return answer;
      this.onError(answer.error ?? `The page's server refused this (${response.status}).`);
    } catch {
      this.onError("The page's server does not answer. Check that `make demo` is still running.");
    }
    return null;
  }
}

/**
 * Open a stream of events. @param {string} path @param {string} event
 * @param {(heard: any) => void} onMessage @param {(connected: boolean) => void} [onConnection]
 * @returns {EventSource}
 */
export function listen(path, event, onMessage, onConnection = () => {}) {
  const source = new EventSource(path);
  source.addEventListener(event, (message) => onMessage(JSON.parse(message.data)));
  source.addEventListener("open", () => onConnection(true));
  source.addEventListener("error", () => onConnection(false));
  return source;
}
