package io.quorate.tools.nodetool;

import io.quorate.tools.Amounts;
import io.quorate.tools.Json;
import io.quorate.tools.TextTable;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/** What a node answers about snapshots, as text for people. */
final class SnapshotReports {
  private SnapshotReports() {}

  static String made(Json snapshot) {
    return "snapshot "
        + snapshot.text("snapshot")
        + ": "
        + count(snapshot.at("tables").elements().size(), "table")
        + ", "
        + count(snapshot.number("files"), "file")
        + ", "
        + Amounts.bytes(snapshot.number("bytes"))
        + "\n";
  }

  static String list(Json snapshots) {
    List<Json> all = snapshots.elements();
    if (all.isEmpty()) {
      return "no snapshots\n";
    }
    TextTable table =
        new TextTable("Name", "Created", "Tables", "Size", "New", "Own", "Expires", "State");
    for (Json one : all) {
      table.row(
          one.text("snapshot"),
          time(one.number("created_millis")),
          one.at("tables").elements().size(),
          Amounts.bytes(one.number("bytes")),
          Amounts.bytes(one.number("new_bytes")),
          Amounts.bytes(one.number("own_bytes")),
          one.number("expires_millis") == 0 ? "never" : time(one.number("expires_millis")),
          one.text("state").toLowerCase(Locale.ROOT));
    }
    return table
        + "\n"
        + "New: not in the snapshot before it. Own: in no table any more, so clearing frees it.\n";
  }

  static String verified(Json answer) {
    List<Json> problems = answer.at("problems").elements();
    if (problems.isEmpty()) {
      return "snapshot " + answer.text("snapshot") + " is whole\n";
    }
    StringBuilder out = new StringBuilder();
    problems.forEach(problem -> out.append(problem.text()).append('\n'));
    return out.append("snapshot ")
        .append(answer.text("snapshot"))
        .append(" is damaged: ")
        .append(count(problems.size(), "file"))
        .append('\n')
        .toString();
  }

  static String exported(Json answer) {
    return "exported "
        + answer.text("snapshot")
        + ": "
        + count(answer.number("files"), "file")
        + ", "
        + Amounts.bytes(answer.number("bytes"))
        + "; copied "
        + answer.number("copied_files")
        + ", "
        + Amounts.bytes(answer.number("copied_bytes"))
        + "\n";
  }

  static String imported(Json answer) {
    StringBuilder out = new StringBuilder("imported ");
    out.append(count(answer.at("tables").elements().size(), "table"))
        .append(" from ")
        .append(count(answer.at("hosts").elements().size(), "node"))
        .append(": ")
        .append(count(answer.number("copied_files"), "file"))
        .append(" copied, ")
        .append(answer.number("rewritten_files"))
        .append(" rewritten, ")
        .append(Amounts.bytes(answer.number("bytes")))
        .append('\n');
    List<Json> absent = answer.at("absent_hosts").elements();
    if (!absent.isEmpty()) {
      out.append("without the exports of ").append(count(absent.size(), "node")).append(":\n");
      absent.forEach(host -> out.append("  ").append(host.text()).append('\n'));
    }
    long missing = answer.number("missing_files");
    if (missing > 0) {
      out.append(count(missing, "file")).append(" had been damaged before the snapshot\n");
    }
    return out.toString();
  }

  private static String count(long count, String what) {
    return count + " " + what + (count == 1 ? "" : "s");
  }

  private static String time(long millis) {
    return millis == 0
        ? ""
        : DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm", Locale.ROOT)
            .format(Instant.ofEpochMilli(millis).atZone(ZoneId.systemDefault()));
  }
}
