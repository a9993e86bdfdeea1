package io.quorate.tools.nodetool;

import io.quorate.tools.AdminClient;
import io.quorate.tools.Amounts;
import io.quorate.tools.CommandFailed;
import io.quorate.tools.Json;
import java.io.Console;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;

/** Watches tasks of a node until they are over. On a terminal it shows how far they are. */
final class TaskWatch {
  private static final long FIRST_LOOK_MILLIS = 50;
  private static final long LONGEST_LOOK_MILLIS = 1_000;

  private final AdminClient node;
  private final PrintWriter progress;
  private final boolean isTerminal;

  @SuppressWarnings("SystemConsoleNull") // it is null where jdk.console is java.base
  TaskWatch(AdminClient node, PrintWriter progress) {
    this.node = node;
    this.progress = progress;
    // There is none at all when input or output is a pipe or a file.
    Console console = System.console();
    this.isTerminal = console != null && console.isTerminal();
  }

  /** The tasks with some ids, once all are over. */
  List<Json> untilOver(List<Long> ids) {
    long pauseMillis = FIRST_LOOK_MILLIS;
    while (true) {
      List<Json> tasks = ids.stream().map(id -> node.json("/v1/tasks/" + id, Map.of())).toList();
      boolean over = tasks.stream().allMatch(TaskWatch::isOver);
      if (isTerminal) {
        progress.print("\r" + line(tasks) + (over ? "\n" : ""));
        progress.flush();
      }
      if (over) {
        return tasks;
      }
      pause(pauseMillis);
      pauseMillis = Math.min(2 * pauseMillis, LONGEST_LOOK_MILLIS);
    }
  }

  static boolean isOver(Json task) {
    return switch (task.text("state")) {
      case "WAITING", "RUNNING" -> false;
      default -> true;
    };
  }

  private static String line(List<Json> tasks) {
    long done = tasks.stream().mapToLong(task -> task.number("done_bytes")).sum();
    long total = tasks.stream().mapToLong(task -> task.number("total_bytes")).sum();
    long over = tasks.stream().filter(TaskWatch::isOver).count();
    return String.format(
        "%-70s",
        Amounts.bytes(done)
            + (total == 0 ? "" : " of " + Amounts.bytes(total))
            + ", "
            + over
            + " of "
            + tasks.size()
            + " tasks are over");
  }

  private static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailed("interrupted; the tasks go on, see 'nodetool tasks list'");
    }
  }
}
