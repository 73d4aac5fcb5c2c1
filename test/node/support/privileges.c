/* Prints the effective user and the effective capabilities that this program was started with. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  printf("euid %d\n", (int)geteuid());
  while (status != NULL && fgets(line, sizeof line, status) != NULL)
    if (strncmp(line, "CapEff:", 7) == 0) printf("%s", line);
  return 0;
}
