// gRPC errors by name, so that handlers say what is wrong and not how it is coded.
import { ServerError, Status } from "nice-grpc";

export function notFound(what: string): ServerError {
  return new ServerError(Status.NOT_FOUND, what);
}

export function alreadyExists(what: string): ServerError {
  return new ServerError(Status.ALREADY_EXISTS, what);
}

export function invalid(what: string): ServerError {
  return new ServerError(Status.INVALID_ARGUMENT, what);
}

export function failedPrecondition(what: string): ServerError {
  return new ServerError(Status.FAILED_PRECONDITION, what);
}
