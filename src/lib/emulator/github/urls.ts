// Every address the emulated GitHub hands out. All hosts of github.com (web, API, services) are one origin here.
export class Urls {
  /** `http://127.0.0.1:PORT`; known once the server listens. */
  origin = "";

  api(path: string): string {
    return `${this.origin}${path}`;
  }

  web(path: string): string {
    return `${this.origin}${path}`;
  }

  /** Where runners exchange their signed assertion for a token. */
  get oauth(): string {
    return `${this.origin}/_services/oauth/token`;
  }

  /** Ends with a slash, as runners resolve `session`, `message` and `acknowledge` against it. */
  get broker(): string {
    return `${this.origin}/_services/broker/`;
  }

  /** Base address of the run service for one run; ends with a slash. */
  run(planId: string): string {
    return `${this.origin}/_services/run/${planId}/`;
  }

  /** Base address of the results service; ends with a slash. */
  get results(): string {
    return `${this.origin}/_services/results/`;
  }
}
