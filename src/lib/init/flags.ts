// The flags of `init`: one for each answer, and what is said of one run alone.
import * as Flags from "@oclif/core/flags";

export const initFlags = {
  owner: Flags.string({ summary: "Login of the organisation or user whose jobs are run.", helpValue: "<login>" }),
  scope: Flags.option({ options: ["organization", "repository"] as const })({
    summary: "Where runners are registered.",
  }),
  repository: Flags.string({
    summary: "Repositories that may use the fleet; * for any. The owner's unless told.",
    helpValue: "<owner/name>",
    multiple: true,
  }),
  pool: Flags.string({
    summary: "Runners for the first policy: cpu, docker, or a GPU of Modal's such as T4 or H100:2.",
    helpValue: "<pool>",
    multiple: true,
  }),
  policy: Flags.string({ summary: "The policy file; written if it is not there.", helpValue: "<file>" }),
  auth: Flags.option({ options: ["app", "pat"] as const })({
    summary: "What the fleet is to GitHub: an App, or a token.",
  }),
  "create-app": Flags.boolean({ summary: "Make the GitHub App in the browser where none is known." }),
  "app-id": Flags.string({ summary: "A GitHub App that was made by hand.", helpValue: "<id>" }),
  "private-key-file": Flags.string({ summary: "Its private key; - for standard input.", helpValue: "<file.pem>" }),
  "token-file": Flags.string({
    summary: "With --auth pat: the token; - for standard input. Else MODAL_GHA_GITHUB_TOKEN.",
    helpValue: "<file>",
  }),
  image: Flags.boolean({ summary: "Build runner images that are missing.", allowNo: true }),
  "image-from": Flags.string({
    summary: "Build them on an image of your own, made from Debian or Ubuntu.",
    helpValue: "<registry/image:tag>",
  }),
  via: Flags.option({ options: ["modal", "uvx", "sandbox"] as const })({
    summary: "How the controller is deployed; the first way that there is unless told.",
  }),
  wait: Flags.string({
    summary: "How long to wait for the App to be made, and then to be installed.",
    helpValue: "<duration>",
  }),
  port: Flags.integer({
    summary: "Port on 127.0.0.1 for making the App; any free one unless told.",
    min: 0,
    max: 65_535,
  }),
  browser: Flags.boolean({ summary: "Open a browser where there is one.", allowNo: true, default: true }),
  "write-workflow": Flags.boolean({ summary: "Write a first workflow into .github/workflows here." }),
  "take-webhook": Flags.boolean({ summary: "Take the App's webhook though it goes elsewhere." }),
  rotate: Flags.boolean({ summary: "Put new secrets in place on both sides, or another App or token." }),
  config: Flags.string({
    summary: "A file with answers, YAML or JSON, by the names of these flags.",
    helpValue: "<file>",
  }),
  input: Flags.boolean({ summary: "Ask on a terminal.", allowNo: true, default: true }),
};
