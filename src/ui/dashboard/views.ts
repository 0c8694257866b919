// The four views, by name.
import type { DashboardRunner } from "../../lib/dashboard/source.ts";
import type { ListedDelivery } from "../../lib/operations/list-deliveries.ts";
import type { ListedJob } from "../../lib/operations/list-jobs.ts";
import type { UsageRow } from "../../lib/operations/usage.ts";
import type { ViewName } from "./state.ts";
import { deliveries } from "./views/deliveries.ts";
import { jobs } from "./views/jobs.ts";
import { runners } from "./views/runners.ts";
import { usage } from "./views/usage.ts";
import type { View } from "./views/view.ts";

/** The row types of the views. */
export interface ViewRows {
  runners: DashboardRunner;
  jobs: ListedJob;
  deliveries: ListedDelivery;
  usage: UsageRow;
}

export const views: { readonly [Name in ViewName]: View<ViewRows[Name]> } = { runners, jobs, deliveries, usage };

/** A view whose rows are nobody's business. */
export function viewOf(name: ViewName): View<unknown> {
  return views[name] as View<unknown>;
}
