/* A card of somebody else's: no code of ours, the vpcd protocol only (two-byte length, then the body; the body of one
   byte is a control, 04 asks for the ATR). It selects anything and gives « EXTERNE » to any READ BINARY. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int receive(int s, unsigned char *p, size_t n)
{
    while (n) {
        ssize_t k = recv(s, p, n, 0);
        if (k <= 0)
            return 0;
        p += k;
        n -= (size_t)k;
    }
    return 1;
}

static int answer(int s, const char *octets, size_t n)
{
    unsigned char trame[64] = {(unsigned char)(n >> 8), (unsigned char)n};
    memcpy(trame + 2, octets, n);
    return send(s, trame, n + 2, 0) == (ssize_t)(n + 2);
}

int main(int argc, char **argv)
{
    struct sockaddr_in adresse = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[argc - 1]))};
    unsigned char longueur[2], corps[70000];
    int s = socket(AF_INET, SOCK_STREAM, 0), ok = 1;
    adresse.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(s, (struct sockaddr *)&adresse, sizeof adresse))
        return 1;
    while (ok && receive(s, longueur, 2)) {
        size_t n = (size_t)longueur[0] << 8 | longueur[1];
        ok = receive(s, corps, n);
        if (n == 1 && corps[0] == 4)
            ok = ok && answer(s, "\x3B\x67\x00\x00" "EXTERNE", 11);
        else if (n > 1 && corps[1] == 0xB0)
            ok = ok && answer(s, "EXTERNE\x90\x00", 9);
        else if (n > 1)
            ok = ok && answer(s, "\x90\x00", 2);
    }
    close(s);
    return 0;
}
