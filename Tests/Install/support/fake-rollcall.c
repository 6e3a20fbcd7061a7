// Stands in for the binary where a test is about install.sh: cc -static -DVERSION='"1.0"'.
// A version that begins with "broken" changes the data and then does not serve.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *option(int count, char **words, const char *name, const char *otherwise) {
    for (int i = 1; i + 1 < count; i++)
        if (strcmp(words[i], name) == 0) return words[i + 1];
    return otherwise;
}

static int note(const char *data, const char *text) {
    char path[4096];
    snprintf(path, sizeof path, "%s/rollcall.sqlite", data);
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0 || write(file, text, strlen(text)) < 0) return perror(path), 1;
    return close(file);
}

static int serve(int count, char **words) {
    if (note(option(count, words, "--data", "."), "served by " VERSION "\n")) return 74;
    if (strncmp(VERSION, "broken", 6) == 0) return 70;
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_port = htons((unsigned short)atoi(option(count, words, "--port", "0")));
    inet_pton(AF_INET, option(count, words, "--host", "127.0.0.1"), &address.sin_addr);
    int server = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(server, (struct sockaddr *)&address, sizeof address) || listen(server, 5)) return perror("bind"), 71;
    for (;;) {
        char request[1000];
        const char *reply = "HTTP/1.0 200 OK\r\n\r\nok\n";
        int client = accept(server, NULL, NULL);
        if (client < 0) continue;
        if (read(client, request, sizeof request) >= 0 && write(client, reply, strlen(reply)) < 0) perror("write");
        close(client);
    }
}

int main(int count, char **words) {
    const char *command = count > 1 ? words[1] : "";
    if (strcmp(command, "--version") == 0) return puts(VERSION) < 0;
    if (strcmp(command, "serve") == 0 || strcmp(command, "demo") == 0) return serve(count, words);
    if (strcmp(command, "setup-code") == 0) {
        puts("123-456");
        return note(option(count, words, "--data", "."), "made by " VERSION "\n");
    }
    return 64;
}
