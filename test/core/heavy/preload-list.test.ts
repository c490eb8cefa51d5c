// The preload list is edited without a change for any other library in it, and back again to the byte: twenty thousand lists.
import { holdsForAnyList } from "../preload-list-properties.ts";

holdsForAnyList(20_000);
