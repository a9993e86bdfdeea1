package io.quorate.tools.nodetool;

import io.quorate.tools.CommandFailed;
import io.quorate.tools.Json;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code nodetool metadata}: when the majority of the metadata ring is lost. */
@Command(
    name = "metadata",
    mixinStandardHelpOptions = true,
    description = "The metadata ring as all nodes see it: status, recover.")
final class MetadataCommands extends CommandGroup {
  @Command(description = "What each node knows of the ring; whether its majority is lost.")
  int status() {
    return nodetool().show("/v1/metadata", Map.of(), MetadataReports::status);
  }

  @Command(
      description = {
        "Gives up a ring whose majority is lost for good, and begins the next one from what is"
            + " left.",
        "Without --yes it says what would be lost, and does nothing."
      })
  int recover(
      @Option(names = "--yes", description = "do it: the lost voters can never come back")
          boolean isCertain) {
    if (isCertain) {
      return nodetool().act("/v1/metadata/recover", Map.of(), MetadataReports::recovered);
    }
    Json status = nodetool().node().parsed(nodetool().node().get("/v1/metadata", Map.of()));
    if (!status.bool("majority_lost")) {
      throw new CommandFailed("there is nothing to recover: " + status.text("because"));
    }
    return nodetool().show("/v1/metadata", Map.of(), MetadataReports::wouldRecover);
  }
}
