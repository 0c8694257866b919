// The services behind a runner, as one server: token endpoint, message broker, run service, results service.
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { ZodError } from "zod";
import type { GitHub } from "../context.ts";
import { addBrokerRoutes } from "./broker.ts";
import { addOAuthRoutes } from "./oauth.ts";
import { addResultsRoutes } from "./results.ts";
import { addRunServiceRoutes } from "./run-service.ts";

export function runnerServices(github: GitHub): Hono {
  const services = new Hono();
  addOAuthRoutes(services, github);
  addBrokerRoutes(services, github);
  addRunServiceRoutes(services, github);
  addResultsRoutes(services, github);
  services.all("*", (context) => context.notFound());
  services.onError((error, context) => {
    if (error instanceof HTTPException) return error.getResponse();
    if (error instanceof ZodError || error instanceof SyntaxError) return context.json({ message: error.message }, 400);
    github.log(error.stack ?? String(error));
    return context.json({ message: "Internal Server Error" }, 500);
  });
  return services;
}
