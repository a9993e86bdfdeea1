package io.quorate.tools.nodetool;

import io.quorate.tools.AdminClient;
import io.quorate.tools.Json;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code nodetool tasks}: the long work of a node. */
@Command(
    name = "tasks",
    mixinStandardHelpOptions = true,
    description = "The long work of a node: list, watch, cancel.")
final class TaskCommands extends CommandGroup {
  @Command(description = "What runs, and the last of what has ended.")
  int list() {
    return nodetool().show("/v1/tasks", Map.of(), Reports::tasks);
  }

  @Command(description = "Waits until a task, or all that run now, are over.")
  int watch(@Parameters(arity = "0..1", paramLabel = "ID") @Nullable Long id) {
    AdminClient node = nodetool().node();
    List<Long> ids =
        id != null
            ? List.of(id)
            : node.json("/v1/tasks").elements().stream()
                .filter(task -> !TaskWatch.isOver(task))
                .map(task -> task.number("id"))
                .toList();
    return nodetool().showTasks(new TaskWatch(node, commandLine().getErr()).untilOver(ids));
  }

  @Command(description = "Ends a task; what it has not completed is as if it had not begun.")
  int cancel(@Parameters(paramLabel = "ID") long id) {
    return nodetool()
        .act("/v1/tasks/cancel", Map.of("id", Long.toString(id)), TaskCommands::cancelled);
  }

  /** It may end, done or not, before it hears of it. */
  static String cancelled(Json task) {
    return switch (task.text("state")) {
      case "DONE", "FAILED" -> "task " + task.text("id") + " is over: " + task.text("state") + "\n";
      case "CANCELLED" -> "task " + task.text("id") + " is cancelled\n";
      default -> "cancelling task " + task.text("id") + "\n";
    };
  }
}
