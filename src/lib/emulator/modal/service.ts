// Completes handlers into a whole gRPC service: a method that nobody handles says so instead of failing obscurely.
import { type ServerError, Status, ServerError as StatusError, type TsProtoServiceDefinition } from "nice-grpc";

type Handler = (request: never, context: never) => unknown;

function unimplemented(name: string): ServerError {
  return new StatusError(Status.UNIMPLEMENTED, `The emulator of Modal does not have ${name}`);
}

/** The implementation of a service as nice-grpc wants it: a function for each method of the definition. */
export function completeService(
  definition: TsProtoServiceDefinition,
  handlers: Readonly<Record<string, Handler | undefined>>,
): Record<string, Handler> {
  const methods = Object.entries(definition.methods).map(([key, method]): [string, Handler] => {
    const handler = handlers[key];
    if (handler) return [key, handler];
    if (!method.responseStream) return [key, async () => Promise.reject(unimplemented(method.name))];
    return [
      key,
      // biome-ignore lint/correctness/useYield: it is a stream that fails before its first message
      async function* () {
        throw unimplemented(method.name);
      },
    ];
  });
  return Object.fromEntries(methods);
}
