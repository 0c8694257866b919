// What the tests of runner images share: our recipe, as `image build` makes it.
import { readFileSync } from "node:fs";
import { composeRecipe, type Recipe, type RecipeOptions } from "../../../../src/lib/modal/images/recipe.ts";
import { packageFile } from "../../../../src/lib/package-root.ts";

export const release = { runnerVersion: "2.400.1", sha256: "5".repeat(64) };

export function recipeWith(options: Partial<RecipeOptions> = {}): Recipe {
  return composeRecipe({
    dockerfile: readFileSync(packageFile("image", "Dockerfile"), "utf8"),
    readFile: (path) => readFileSync(packageFile("image", path)),
    variant: "standard",
    ...release,
    ...options,
  });
}
