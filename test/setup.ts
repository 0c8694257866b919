// Runs before each test file: lets the emulator find the protobuf definitions inside the modal SDK.
import { registerModalDefinitions } from "../scripts/modal-definitions.ts";

registerModalDefinitions();
