// Reads the text of a workflow file into GitHub's template tokens, checked against GitHub's own schema.
// The parts of @actions/workflow-parser are put together here because its own entry imports the schema without the
// import attribute that Node demands of JSON modules, and because it is made for editors, which need no exact values.
import { JSONObjectReader } from "@actions/workflow-parser/templates/json-object-reader";
import { TemplateSchema } from "@actions/workflow-parser/templates/schema/template-schema";
import { TemplateContext, TemplateValidationErrors } from "@actions/workflow-parser/templates/template-context";
import { readTemplate } from "@actions/workflow-parser/templates/template-reader";
import type { LiteralToken, MappingToken } from "@actions/workflow-parser/templates/tokens/index";
import { StringToken } from "@actions/workflow-parser/templates/tokens/index";
import { isMapping } from "@actions/workflow-parser/templates/tokens/type-guards";
import { NoOperationTraceWriter } from "@actions/workflow-parser/templates/trace-writer";
import { WORKFLOW_ROOT } from "@actions/workflow-parser/workflows/workflow-constants";
import { YamlObjectReader } from "@actions/workflow-parser/workflows/yaml-object-reader";
import workflowSchema from "../../../../node_modules/@actions/workflow-parser/dist/workflow-v1.0.min.json" with {
  type: "json",
};

export interface ReadWorkflow {
  /** Collects errors, those of later conversions too. */
  context: TemplateContext;
  /** Absent where the errors of the context say that the file cannot be read. */
  root: MappingToken | undefined;
}

let schema: TemplateSchema | undefined;

/** Never throws: what is wrong with the file is among `context.errors`. */
export function readWorkflow(path: string, content: string): ReadWorkflow {
  const exact = read(path, content, ExactValueReader);
  if (exact.context.errors.count === 0) return exact;
  // The library's own reader keeps source text, which places errors inside block scalars to the column.
  const located = read(path, content, YamlObjectReader);
  return located.context.errors.count > 0 ? located : exact;
}

function read(path: string, content: string, Reader: typeof YamlObjectReader): ReadWorkflow {
  schema ??= TemplateSchema.load(new JSONObjectReader(undefined, JSON.stringify(workflowSchema)));
  const context = new TemplateContext(new TemplateValidationErrors(), schema, new NoOperationTraceWriter());
  const fileId = context.getFileId(path);
  const reader = new Reader(fileId, content);
  // What is no YAML gives misleading errors when held against the schema.
  for (const { message, range } of reader.errors) context.error(fileId, message, range);
  if (reader.errors.length > 0) return { context, root: undefined };
  const root = readTemplate(context, WORKFLOW_ROOT, reader, fileId);
  return { context, root: root !== undefined && isMapping(root) ? root : undefined };
}

/**
 * Without the source text of scalars: from it the library would build the value of a block scalar that holds an
 * expression, indentation of the file included, instead of from the YAML value.
 */
class ExactValueReader extends YamlObjectReader {
  override allowLiteral(): LiteralToken | undefined {
    const token = super.allowLiteral();
    return token instanceof StringToken ? new StringToken(token.file, token.range, token.value, undefined) : token;
  }
}
