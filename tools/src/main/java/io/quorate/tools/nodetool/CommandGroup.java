package io.quorate.tools.nodetool;

import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** A word of {@code nodetool} behind which another one has to follow; alone it says which. */
abstract class CommandGroup implements Callable<Integer> {
  @ParentCommand private @Nullable NodeTool parent;
  @Spec private CommandSpec spec = CommandSpec.create();

  final NodeTool nodetool() {
    return Objects.requireNonNull(parent);
  }

  final CommandLine commandLine() {
    return spec.commandLine();
  }

  @Override
  public Integer call() {
    commandLine().usage(commandLine().getErr());
    return CommandLine.ExitCode.USAGE;
  }
}
