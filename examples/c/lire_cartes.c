/*
 * lire_cartes : lit l'identité du professionnel et celle du bénéficiaire sur deux cartes, par PC/SC seulement.
 *
 * Écrit d'après docs/cartes.md, sans rien du banc. Même source sous Linux (libpcsclite), macOS et Windows (winscard).
 *
 *     cc -std=c99 -Wall -Wextra -o lire_cartes lire_cartes.c $(pkg-config --cflags --libs libpcsclite)
 *     preagrement cards serve --ps dr-martin --vitale durand-paul -- ./lire_cartes 1234
 *
 * Codes de sortie : 0 les deux cartes lues, 1 une carte manque ou ne se lit pas, 2 service PC/SC absent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winscard.h>

#define TAILLE_FICHIER 4096
#define BENEFICIAIRES 6

typedef unsigned char octet;

static const octet AID_VITALE[] = {0xD2, 0x50, 0x00, 0x00, 0x02, 'V', 'I', 'T', 'A', 'L', 'E'};
static const octet AID_CPS[] = {0xE8, 0x28, 0xBD, 0x08, 0x0F, 0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x00, 0x10};

/* Une commande ; rend l'état (9000…) et la réponse entière : 61xx (suite à demander) et 6Cxx (Le à corriger) sont suivis. */
static unsigned echange(SCARDHANDLE carte, DWORD protocole, const octet *commande, size_t n, octet *sortie, size_t *lus)
{
    octet apdu[261], bloc[258];
    const SCARD_IO_REQUEST *pci = protocole == SCARD_PROTOCOL_T1 ? SCARD_PCI_T1 : SCARD_PCI_T0;
    memcpy(apdu, commande, n);
    *lus = 0;
    for (;;) {
        DWORD taille = sizeof bloc;
        if (SCardTransmit(carte, pci, apdu, (DWORD)n, NULL, bloc, &taille) != SCARD_S_SUCCESS || taille < 2)
            return 0; /* carte arrachée ou muette */
        unsigned sw1 = bloc[taille - 2], sw2 = bloc[taille - 1];
        if (sw1 == 0x6C) {
            apdu[n - 1] = (octet)sw2;
            continue;
        }
        if (*lus + taille - 2 > TAILLE_FICHIER)
            return 0;
        memcpy(sortie + *lus, bloc, taille - 2);
        *lus += taille - 2;
        if (sw1 != 0x61)
            return sw1 << 8 | sw2;
        memcpy(apdu, "\x00\xC0\x00\x00", 4);
        apdu[4] = (octet)sw2;
        n = 5;
    }
}

static unsigned selectionne(SCARDHANDLE carte, DWORD protocole, int p1, const octet *nom, size_t n)
{
    octet commande[32] = {0x00, 0xA4, (octet)p1, 0x0C, (octet)n}, reponse[TAILLE_FICHIER];
    size_t lus;
    memcpy(commande + 5, nom, n);
    return echange(carte, protocole, commande, 5 + n, reponse, &lus);
}

/* Lit un fichier entier par morceaux de 231 octets ; rend sa taille, -1 s'il n'existe pas ou se refuse. */
static int lit_fichier(SCARDHANDLE carte, DWORD protocole, int fid, octet *contenu)
{
    octet nom[2] = {(octet)(fid >> 8), (octet)fid}, morceau[TAILLE_FICHIER];
    size_t total = 0, lus;
    if (selectionne(carte, protocole, 0x02, nom, 2) != 0x9000)
        return -1;
    do {
        octet lecture[] = {0x00, 0xB0, (octet)(total >> 8), (octet)total, 231};
        unsigned etat = echange(carte, protocole, lecture, sizeof lecture, morceau, &lus);
        if (etat == 0x6B00 && total) /* au-delà de la fin */
            break;
        if (etat != 0x9000 || total + lus > TAILLE_FICHIER)
            return -1;
        memcpy(contenu + total, morceau, lus);
        total += lus;
    } while (lus == 231);
    return (int)total;
}

/* Cherche un objet BER-TLV d'étiquette simple ; rend son contenu et sa longueur, NULL s'il n'y est pas. */
static const octet *cherche(const octet *p, size_t reste, octet etiquette, size_t *longueur)
{
    while (reste >= 2) {
        size_t n = p[1], entete = 2, octets = n & 0x7F;
        if (n & 0x80) {
            if (octets == 0 || octets > 2 || reste < 2 + octets)
                return NULL;
            for (n = 0; entete < 2 + octets; entete++)
                n = n << 8 | p[entete];
        }
        if (n > reste - entete)
            return NULL;
        if (p[0] == etiquette) {
            *longueur = n;
            return p + entete;
        }
        p += entete + n;
        reste -= entete + n;
    }
    return NULL;
}

/* Affiche un champ texte d'une zone (objet 70) ; les cartes sont en ISO-8859-15, la sortie en UTF-8. */
static void affiche(const char *titre, const octet *zone, size_t taille, octet etiquette)
{
    size_t n, m;
    const octet *corps = cherche(zone, taille, 0x70, &n);
    const octet *champ = corps ? cherche(corps, n, etiquette, &m) : NULL;
    if (!champ)
        return;
    printf("  %s : ", titre);
    for (size_t i = 0; i < m; i++) {
        if (champ[i] < 0x80)
            putchar(champ[i]);
        else if (champ[i] == 0xA4)
            fputs("\xE2\x82\xAC", stdout); /* euro */
        else {
            putchar(0xC0 | champ[i] >> 6);
            putchar(0x80 | (champ[i] & 0x3F));
        }
    }
    putchar('\n');
}

static int lit_cps(SCARDHANDLE carte, DWORD protocole, const char *code)
{
    octet zone[TAILLE_FICHIER], verification[9] = {0x00, 0x20, 0x00, 0x01, 0x04};
    size_t lus;
    int taille = lit_fichier(carte, protocole, 0xD102, zone);
    if (taille < 0)
        return 0;
    puts("Professionnel");
    affiche("nom", zone, (size_t)taille, 0x84);
    affiche("prénom", zone, (size_t)taille, 0x85);
    affiche("identification", zone, (size_t)taille, 0x81);
    if (strlen(code) != 4)
        return 1; /* les situations demandent le code porteur, de quatre chiffres */
    memcpy(verification + 5, code, 4);
    unsigned etat = echange(carte, protocole, verification, sizeof verification, zone, &lus);
    if (etat != 0x9000) {
        fprintf(stderr, "code porteur refusé (état %04X)\n", etat);
        return 0;
    }
    for (int i = 0; i < 16 && (taille = lit_fichier(carte, protocole, 0xD120 + i, zone)) >= 0; i++) {
        affiche("facturation", zone, (size_t)taille, 0x88);
        affiche("spécialité", zone, (size_t)taille, 0x8D);
    }
    return 1;
}

static int lit_vitale(SCARDHANDLE carte, DWORD protocole)
{
    octet zone[TAILLE_FICHIER];
    int taille = lit_fichier(carte, protocole, 0xD102, zone);
    if (taille < 0)
        return 0;
    puts("Assuré");
    affiche("NIR", zone, (size_t)taille, 0x81);
    affiche("régime", zone, (size_t)taille, 0x83);
    for (int i = 0; i < BENEFICIAIRES && (taille = lit_fichier(carte, protocole, 0xD110 + i, zone)) >= 0; i++) {
        printf("Bénéficiaire %d\n", i + 1);
        affiche("nom", zone, (size_t)taille, 0x80);
        affiche("prénom", zone, (size_t)taille, 0x82);
        affiche("naissance", zone, (size_t)taille, 0x83);
    }
    return 1;
}

int main(int argc, char **argv)
{
    SCARDCONTEXT contexte;
    char noms[2048];
    DWORD taille = sizeof noms;
    int cps = 0, vitale = 0;
    if (SCardEstablishContext(SCARD_SCOPE_USER, NULL, NULL, &contexte) != SCARD_S_SUCCESS) {
        fputs("service PC/SC absent : démarrer pcscd\n", stderr);
        return 2;
    }
    if (SCardListReaders(contexte, NULL, noms, &taille) == SCARD_S_SUCCESS) {
        for (const char *nom = noms; *nom; nom += strlen(nom) + 1) { /* l'ordre des lecteurs n'est pas garanti */
            SCARDHANDLE carte;
            DWORD protocole;
            if (SCardConnect(contexte, nom, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &carte,
                             &protocole) != SCARD_S_SUCCESS)
                continue; /* lecteur vide */
            if (!cps && selectionne(carte, protocole, 0x04, AID_CPS, sizeof AID_CPS) == 0x9000)
                cps = lit_cps(carte, protocole, argc > 1 ? argv[1] : "");
            else if (!vitale && selectionne(carte, protocole, 0x04, AID_VITALE, sizeof AID_VITALE) == 0x9000)
                vitale = lit_vitale(carte, protocole);
            SCardDisconnect(carte, SCARD_RESET_CARD);
        }
    }
    SCardReleaseContext(contexte);
    if (!cps || !vitale)
        fprintf(stderr, "carte absente ou illisible :%s%s\n", cps ? "" : " CPS", vitale ? "" : " Vitale");
    return cps && vitale ? 0 : 1;
}
