// From GitHub's template tokens to the JSON in which the job message carries them, and look-ups in mappings.
import type { MappingToken, TemplateToken as ParsedToken } from "@actions/workflow-parser/templates/tokens/index";
import { TokenType } from "@actions/workflow-parser/templates/tokens/types";
import type { TemplateToken } from "../runner-protocol.ts";

/** The token as the wire has it; positions in the file are left out. */
export function toWireToken(token: ParsedToken): TemplateToken {
  return JSON.parse(JSON.stringify(token), (_key, value: unknown) =>
    // The library's name for the directive's member is not that of the wire.
    isInsert(value) ? { type: TokenType.InsertExpression, directive: "insert" } : value,
  );
}

/** The values of a mapping by key. */
export function propertiesOf(mapping: MappingToken): Map<string, ParsedToken> {
  return new Map(Array.from(mapping, ({ key, value }) => [key.toString(), value]));
}

/** The wanted value as a wire token; absent and null are both undefined. */
export function wireProperty(properties: Map<string, ParsedToken>, key: string): TemplateToken | undefined {
  const token = properties.get(key);
  return token === undefined || token.templateTokenType === TokenType.Null ? undefined : toWireToken(token);
}

function isInsert(value: unknown): boolean {
  return typeof value === "object" && value !== null && "type" in value && value.type === TokenType.InsertExpression;
}
