/* commands.h: the subcommands of tripsage-server. Each takes the arguments after its name and gives the exit status. */
#ifndef SERVER_COMMANDS_H
#define SERVER_COMMANDS_H

int command_serve(int argc, char **argv);
int command_migrate(int argc, char **argv);
int command_check(int argc, char **argv);
int command_backup(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_maintain(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_explain_config(int argc, char **argv);
int command_cache(int argc, char **argv);
int command_security_report(int argc, char **argv);
int command_keys(int argc, char **argv);
int command_version(int argc, char **argv);

#endif
